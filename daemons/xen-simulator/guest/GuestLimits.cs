namespace Toolstack.XenSimulator.Guest;

/// <summary>Bounds of the simulated guest program.</summary>
internal static class GuestLimits
{
    /// <summary>A guest needs a header, a version table and one frame of data for each vCPU, and the copy loop some air.</summary>
    public const int MinPagesPerVcpu = 16;

    /// <summary>Steps a vCPU makes before it looks whether it should stop.</summary>
    public const int MaxBurst = 256;

    /// <summary>Fastest rate that can be set, in frames per second.</summary>
    public const int MaxDirtyRate = 1_000_000;

    public const int DefaultDirtyRate = 2000;

    /// <summary>From this rate on (frames per second) a vCPU gets a thread of its own, as does one that measures pauses.</summary>
    public const int DedicatedDirtyRate = 8192;

    /// <summary>Threads that serve one vCPU each; the vCPUs beyond share.</summary>
    public const int MaxDedicatedThreads = 64;

    /// <summary>Longest script text, in characters.</summary>
    public const int MaxScript = 256;

    /// <summary>Time between two bursts of a busy vCPU: also the grain of the pauses a guest can notice.</summary>
    public static readonly TimeSpan BurstInterval = TimeSpan.FromMilliseconds(2);

    /// <summary>Time between two ticks of a vCPU that has nothing to do.</summary>
    public static readonly TimeSpan IdleInterval = TimeSpan.FromMilliseconds(100);

    /// <summary>A thread that does not end within this is a bug of the simulator.</summary>
    public static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(10);
}
