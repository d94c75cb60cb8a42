namespace Toolstack.XenSimulator.Contract;

/// <summary>Keys of a VM's platform data that the simulated guest obeys.</summary>
public static class GuestKeys
{
    /// <summary>Frames the guest rewrites per second; 0 = idle, though its counter goes on.</summary>
    public const string DirtyRate = "sim-dirty-pages-per-s";

    /// <summary>Memory the guest fills when it starts, in MiB; default half of its memory.</summary>
    public const string WorkingSet = "sim-working-set-mib";

    /// <summary><c>true</c>: the guest acknowledges no request to shut down, reboot or suspend.</summary>
    public const string IgnoreShutdown = "sim-ignore-shutdown";

    /// <summary>Time between the acknowledgement of a request and its end, in ms.</summary>
    public const string ShutdownDelay = "sim-shutdown-delay-ms";

    /// <summary>The guest crashes so many ms after it has started to run.</summary>
    public const string CrashAfter = "sim-crash-after-ms";

    /// <summary><c>true</c>: the guest has no balloon driver.</summary>
    public const string NoBalloon = "sim-no-balloon";

    /// <summary>Time from a new memory target to its being met, in ms.</summary>
    public const string BalloonDelay = "sim-balloon-delay-ms";
}
