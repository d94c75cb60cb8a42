using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>Keeps one kind of line that is said over and over from pushing the others out of the journal: of each event
/// <see cref="HostingLimits.MaxLogLinesPerEvent"/> lines pass in <see cref="HostingLimits.LogWindow"/>. Whoever asked for debug lines gets
/// them all, and a critical line, which is a daemon's last, always passes.</summary>
internal sealed class LogRateLimit(TimeProvider time)
{
    private readonly Lock gate = new();
    private readonly Dictionary<int, Window> windows = [];

    private sealed class Window
    {
        internal long Began { get; set; }

        internal int Lines { get; set; }

        internal long Suppressed { get; set; }
    }

    /// <summary>Whether a line of that event may be written. <paramref name="suppressed"/>: how many were not since the last that was.</summary>
    internal bool Passes(int eventId, LogLevel level, out long suppressed)
    {
        suppressed = 0;
        if (level is LogLevel.Debug or LogLevel.Trace or LogLevel.Critical)
        {
            return true;
        }

        lock (gate)
        {
            if (!windows.TryGetValue(eventId, out var window))
            {
                windows.Add(eventId, window = new Window { Began = time.GetTimestamp() });
            }

            if (time.GetElapsedTime(window.Began) >= HostingLimits.LogWindow)
            {
                window.Began = time.GetTimestamp();
                window.Lines = 0;
            }

            if (window.Lines >= HostingLimits.MaxLogLinesPerEvent)
            {
                window.Suppressed++;
                return false;
            }

            window.Lines++;
            (suppressed, window.Suppressed) = (window.Suppressed, 0);
            return true;
        }
    }
}
