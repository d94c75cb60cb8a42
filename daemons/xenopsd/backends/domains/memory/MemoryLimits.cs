namespace Toolstack.Xenopsd.Backends.Domains.Memory;

/// <summary>Bounds of the host's memory management; sizes in KiB (the toolstack's memory daemon).</summary>
public static class MemoryLimits
{
    /// <summary>Always left free in a real host: 64 MiB that devices with short addresses may need, and 8 MiB.</summary>
    public const long KeepFreeKib = 73_728;

    /// <summary>How near a guest must come to its target.</summary>
    public const long InaccuracyKib = 4;

    /// <summary>The most that Xen's own pages of a domain come to: a PVH guest has eight.</summary>
    public const long MaxOffsetKib = 1024;

    /// <summary>Imbalance that is left alone.</summary>
    public const long ToleranceKib = 512;

    public const int MaxReservations = 4096;

    /// <summary>Longest name of a session that reserves.</summary>
    public const int MaxSession = 256;

    /// <summary>A guest that came no nearer for so long is not waited for any more.</summary>
    public static readonly TimeSpan Stuck = TimeSpan.FromSeconds(5);

    /// <summary>A guest that is stuck so long after it was asked is called uncooperative.</summary>
    public static readonly TimeSpan Uncooperative = TimeSpan.FromSeconds(20);

    /// <summary>How often a guest's memory is looked at while it balloons: Xen does not tell.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    /// <summary>How often the host is balanced when nothing asks for it.</summary>
    public static readonly TimeSpan Round = TimeSpan.FromSeconds(10);

    /// <summary>How long memory that domains are about to free is waited for.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>How long a balloon that moves may keep a save waiting.</summary>
    public static readonly TimeSpan BallooningBeforeSave = TimeSpan.FromSeconds(120);
}
