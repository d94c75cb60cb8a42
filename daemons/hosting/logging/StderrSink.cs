using System.Globalization;
using Microsoft.Extensions.Logging;
using Tmds.Linux;

namespace Toolstack.Hosting;

/// <summary>Writes log lines to stderr from one reused buffer. A reader that does not read cannot stop the daemon: after
/// <see cref="HostingLimits.LogWriteDeadline"/> the line is dropped, and the next line that gets through says how many were.
/// <paramref name="journal"/>: in the form of sd-daemon, for the journal.</summary>
internal sealed class StderrSink(bool journal) : ILogSink
{
    private const int Stderr = 2;
    private const int LostEventId = 90;

    private readonly Lock gate = new();
    private readonly byte[] buffer = new byte[HostingLimits.MaxLogLineBytes];
    private long lost;

    public void Write(in LogEvent what)
    {
        lock (gate)
        {
            if (!Writable())
            {
                lost++;
                return;
            }

            var now = DateTime.UtcNow;
            if (lost > 0)
            {
                var notice = lost.ToString(CultureInfo.InvariantCulture) + " log lines were lost: nobody read them";
                Send(LogLine.Write(buffer, journal, now, new LogEvent(LogLevel.Warning, what.Name, LostEventId, notice, null)));
                lost = 0;
            }

            Send(LogLine.Write(buffer, journal, now, what));
        }
    }

    // A pipe that polls writable takes MaxLogLineBytes without blocking. Once a line was lost there is no second wait: the next
    // writers must not each pay the deadline for the same stuck reader.
    private unsafe bool Writable()
    {
        var poll = new pollfd { fd = Stderr, events = (short)LibC.POLLOUT };
        var wait = lost == 0 ? (int)HostingLimits.LogWriteDeadline.TotalMilliseconds : 0;

        // Safe: the structure lives on this stack frame for the whole call, and the count is one.
        return LibC.poll(&poll, 1, wait) != 0;
    }

    private unsafe void Send(int length)
    {
        fixed (byte* start = buffer)
        {
            // Safe: the buffer is pinned and length is at most its size. Nobody can be told about a failure to log.
            LibC.write(Stderr, start, length);
        }
    }
}
