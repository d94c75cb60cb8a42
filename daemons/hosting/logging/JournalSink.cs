using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using Tmds.Linux;

namespace Toolstack.Hosting;

/// <summary>Gives each event with its fields to the journal's socket. A journal that does not take them cannot stop the daemon: the event
/// goes to <paramref name="fallback"/>, which the journal reads too.</summary>
internal sealed class JournalSink(string path, ILogSink fallback) : ILogSink, IDisposable
{
    /// <summary>Where the journal listens.</summary>
    internal const string DefaultPath = "/run/systemd/journal/socket";

    private readonly Lock gate = new();
    private readonly ArrayBufferWriter<byte> buffer = new(1024);
    private readonly UnixDomainSocketEndPoint journal = new(path);
    private readonly Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };

    /// <summary>True when stderr is the journal's stream, as <paramref name="journalStream"/> (JOURNAL_STREAM, <c>device:inode</c>) tells:
    /// only then is the journal where the daemon's output was meant to go.</summary>
    internal static unsafe bool IsStderr(string? journalStream)
    {
        if (string.IsNullOrEmpty(journalStream))
        {
            return false;
        }

        // Safe: the kernel fills the structure on this stack frame.
        stat status;
        return LibC.fstat(2, &status) == 0
            && journalStream == string.Create(CultureInfo.InvariantCulture, $"{(ulong)status.st_dev}:{(ulong)status.st_ino}");
    }

    public void Write(in LogEvent what)
    {
        lock (gate)
        {
            buffer.ResetWrittenCount();
            JournalEntry.Write(buffer, what);
            try
            {
                socket.SendTo(buffer.WrittenSpan, SocketFlags.None, journal);
                return;
            }
            catch (SocketException)
            {
                // Restarting, or full: the stream has a buffer of its own.
            }
        }

        fallback.Write(what);
    }

    public void Dispose() => socket.Dispose();
}
