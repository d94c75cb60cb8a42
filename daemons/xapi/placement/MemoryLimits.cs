namespace Toolstack.Xapi.Placement;

/// <summary>The order that the four memory limits of a VM keep.</summary>
internal static class MemoryLimits
{
    public static bool Valid(long staticMin, long dynamicMin, long dynamicMax, long staticMax) =>
        staticMin <= dynamicMin && dynamicMin <= dynamicMax && dynamicMax <= staticMax;
}
