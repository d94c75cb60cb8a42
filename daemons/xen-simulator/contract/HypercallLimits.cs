namespace Toolstack.XenSimulator.Contract;

/// <summary>Every bound of the hypercall socket.</summary>
public static class HypercallLimits
{
    /// <summary>Largest request or reply, in bytes: a list of every domain is the largest.</summary>
    public const int MaxFrame = 4 << 20;

    /// <summary>Calls of one client under way at once: it opens no more connections.</summary>
    public const int MaxClientConnections = 64;

    /// <summary>Connections a simulator serves at once.</summary>
    public const int MaxConnections = 1024;

    /// <summary>Longest wait for an answer, where the caller says nothing else.</summary>
    public static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Longest wait for a guest to be built: it fills its working set.</summary>
    public static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(10);
}
