namespace Toolstack.Xenopsd.Migration;

/// <summary>How long the sides of a migration wait for each other; beyond it the phase has failed.</summary>
/// <param name="MemoryConnection">The connections for memory and for graphics cards being taken, and their acknowledgements.</param>
/// <param name="PointOne">The destination making the domain.</param>
/// <param name="Drain">The destination reading the last of the memory.</param>
/// <param name="PointThree">The destination, which has all memory, being given the VM.</param>
/// <param name="PointFour">The destination letting the guest run.</param>
public sealed record PhaseTimes(TimeSpan MemoryConnection, TimeSpan PointOne, TimeSpan Drain, TimeSpan PointThree, TimeSpan PointFour)
{
    public static PhaseTimes Default { get; } = new(
        MigrationLimits.MemoryConnection, MigrationLimits.PointOne, MigrationLimits.Drain, MigrationLimits.PointThree, MigrationLimits.PointFour);
}
