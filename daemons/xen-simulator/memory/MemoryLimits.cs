namespace Toolstack.XenSimulator.Memory;

/// <summary>Bounds of the memory that is kept for guests to come.</summary>
internal static class MemoryLimits
{
    /// <summary>Most that the memory of a guest may have taken to be kept.</summary>
    public const long SpareBytes = 4 << 20;

    /// <summary>Memories kept at a time.</summary>
    public const int Spares = 8;
}
