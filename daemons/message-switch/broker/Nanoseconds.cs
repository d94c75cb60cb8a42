using System.Diagnostics;

namespace Toolstack.MessageSwitch;

/// <summary>The machine's monotone clock in nanoseconds, which diagnostics of the original protocol are written in.</summary>
internal static class Nanoseconds
{
    private static readonly long PerTick = 1_000_000_000 / Stopwatch.Frequency;

    internal static long Now => Stopwatch.GetTimestamp() * PerTick;
}
