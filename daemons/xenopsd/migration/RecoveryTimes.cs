namespace Toolstack.Xenopsd.Migration;

/// <summary>How long a broken migration is worked on.</summary>
/// <param name="Ask">How long the source of a migration whose end it did not hear asks the destination, before the task fails.</param>
/// <param name="Pause">Between two questions.</param>
/// <param name="Retry">Between two rounds over what is left: VMs in doubt here, metadata nobody came for.</param>
/// <param name="Unclaimed">How long metadata waits for the VM it was sent ahead of.</param>
public sealed record RecoveryTimes(TimeSpan Ask, TimeSpan Pause, TimeSpan Retry, TimeSpan Unclaimed)
{
    public static RecoveryTimes Default { get; } = new(
        MigrationLimits.AskDestination, MigrationLimits.AskPause, MigrationLimits.RecoveryRound, MigrationLimits.UnclaimedMetadata);
}
