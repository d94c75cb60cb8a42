namespace Toolstack.XenSimulator.Devices;

/// <summary>Bounds and sizes of simulated devices.</summary>
internal static class DeviceLimits
{
    public const int SectorBytes = 512;

    /// <summary>Bytes a request moves: one granted frame.</summary>
    public const int BlockBytes = 4096;

    /// <summary>Requests on a ring without an answer.</summary>
    public const int RingSlots = 32;

    /// <summary>How often a guest writes its record to its disks.</summary>
    public static readonly TimeSpan RecordInterval = TimeSpan.FromSeconds(1);

    /// <summary>A console's file begins anew beyond this.</summary>
    public const int ConsoleFileBytes = 1 << 20;

    /// <summary>Files of consoles that wait for another domain.</summary>
    public const int SpareConsoleFiles = 8;
}
