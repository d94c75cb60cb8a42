namespace Toolstack.Xapi.VirtualMachines;

/// <summary>What the VM operations are configured with.</summary>
internal sealed record VmSettings(TimeSpan ShutdownDeadline, int HttpPort)
{
    /// <summary>Port of the hosts' XenAPI over TLS, which migrations to other hosts use; null when they are not encrypted.</summary>
    public int? MigrationHttpsPort { get; init; }

    /// <summary>How long a VM whose migration failed may be in doubt before the failure is reported.</summary>
    public TimeSpan DoubtDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How often a migration is tried when the guest rebooted under it.</summary>
    public int MigrationTries { get; init; } = 3;

    /// <summary>How often, and after which pause, the target host is told that a migrated VM is its own.</summary>
    public int CompletionTries { get; init; } = 5;

    /// <summary>See <see cref="CompletionTries"/>.</summary>
    public TimeSpan CompletionPause { get; init; } = TimeSpan.FromSeconds(2);
}
