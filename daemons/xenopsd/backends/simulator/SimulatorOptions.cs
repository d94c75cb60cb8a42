namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>What the simulated host is made of. Memory in bytes.</summary>
public sealed record SimulatorOptions
{
    /// <summary>As xenops has it.</summary>
    public static readonly TimeSpan DefaultSuspendAckTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Memory of the host, nominal: domains take real memory only where they write.</summary>
    public long TotalMemoryBytes { get; init; } = 4L << 30;

    public int CpuCount { get; init; } = Environment.ProcessorCount;

    /// <summary>Longest wait for a guest to acknowledge the request to suspend.</summary>
    public TimeSpan SuspendAckTimeout { get; init; } = DefaultSuspendAckTimeout;

    /// <summary>Longest wait, after the acknowledgement, for it to be suspended.</summary>
    public TimeSpan SuspendTimeout { get; init; } = TimeSpan.FromSeconds(1200);

    /// <summary>Back guest memory with transparent huge pages where the kernel allows it.</summary>
    public bool HugePages { get; init; } = true;
}

/// <summary>Bounds of the simulated host.</summary>
internal static class SimulatorLimits
{
    public const int MaxDomains = 1024;

    public const int MaxVcpus = 64;

    /// <summary>A guest needs a header, a version table and one frame of data for each vCPU, and the copy loop some air.</summary>
    public const int MinPagesPerVcpu = 16;

    /// <summary>Steps a vCPU makes before it looks whether it should stop.</summary>
    public const int MaxBurst = 256;

    /// <summary>Fastest rate that can be set, in frames per second.</summary>
    public const int MaxDirtyRate = 1_000_000;

    public const int DefaultDirtyRate = 2000;

    /// <summary>Longest script text, in characters.</summary>
    public const int MaxScript = 256;

    /// <summary>Time between two bursts of a vCPU: also the grain of the pauses a guest can notice.</summary>
    public static readonly TimeSpan BurstInterval = TimeSpan.FromMilliseconds(2);

    /// <summary>A vCPU thread that does not end within this is a bug of the simulator.</summary>
    public static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
}

/// <summary>Keys of a VM's platform data that the simulated guest obeys.</summary>
internal static class SimulatorKeys
{
    /// <summary>Frames the guest rewrites per second; 0 = idle, though its counter goes on.</summary>
    public const string DirtyRate = "sim-dirty-pages-per-s";

    /// <summary>Memory the guest fills when it starts, in MiB; default half of its memory.</summary>
    public const string WorkingSet = "sim-working-set-mib";

    /// <summary><c>true</c>: the guest acknowledges no request to shut down, reboot or suspend.</summary>
    public const string IgnoreShutdown = "sim-ignore-shutdown";
}
