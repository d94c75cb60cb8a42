using System.Diagnostics;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>Holds the copy loop to a mean rate, in bytes per second, by sleeping after a batch that came early.</summary>
internal sealed class RateLimiter(long? bytesPerSecond)
{
    private readonly long _start = Stopwatch.GetTimestamp();

    /// <summary>Returns when <paramref name="bytes"/> in all may have been sent, or when cancelled (without raising).</summary>
    public void Wait(long bytes, CancellationToken cancel)
    {
        if (bytesPerSecond is not { } limit)
        {
            return;
        }

        var ahead = TimeSpan.FromSeconds((double)bytes / limit) - Stopwatch.GetElapsedTime(_start);
        if (ahead > TimeSpan.FromMilliseconds(1))
        {
            cancel.WaitHandle.WaitOne(ahead);
        }
    }
}
