using System.Diagnostics;

namespace Toolstack.Xenopsd.Backends.Domains;

/// <summary>A clock that knows no leaps and that all processes of the host share.</summary>
internal static class MonotonicClock
{
    public static long Nanoseconds => (long)(Stopwatch.GetTimestamp() * (1e9 / Stopwatch.Frequency));
}
