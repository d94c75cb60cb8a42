using System.Globalization;
using System.Text;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Toolstack.Xapi.Access;

/// <summary>
/// Who did what: one line a call that changes something or is refused. Lines gather in a bounded queue that one task writes, so that a
/// slow disk holds up no call; lines that do not fit are counted, and the count is written once there is room.
/// </summary>
internal sealed class AuditLog : IAsyncDisposable
{
    private const int MaxWaiting = 4096;
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Channel<string> lines = Channel.CreateBounded<string>(new BoundedChannelOptions(MaxWaiting) { SingleReader = true });
    private readonly string path;
    private readonly ILogger logger;
    private readonly Task writing;
    private long lost;

    /// <summary><paramref name="path"/>: empty for no log.</summary>
    internal AuditLog(string path, ILogger logger)
    {
        this.path = path;
        this.logger = logger;
        writing = path.Length == 0 ? Task.CompletedTask : Task.Run(WriteAsync);
    }

    /// <summary>Notes a call. <paramref name="session"/>: as <see cref="LogScope.TrackOf"/> names it. <paramref name="outcome"/>: OK or an error code. Never waits.</summary>
    internal void Note(string session, string user, string sid, bool allowed, string outcome, string kind, string call)
    {
        if (path.Length == 0)
        {
            return;
        }

        string time = DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
        var line = new StringBuilder($"[{time}|info|audit] (");
        foreach (string word in (ReadOnlySpan<string>)[session, user, sid, allowed ? "ALLOWED" : "DENIED", outcome, kind, call])
        {
            line.Append(line[^1] == '(' ? "" : " ").Append('\'');
            foreach (char c in word)
            {
                // One call is one line whatever its texts hold.
                line.Append(c is '\'' or '\\' ? $"\\{c}" : char.IsControl(c) ? "?" : c.ToString());
            }

            line.Append('\'');
        }

        Append(line.Append(')').ToString());
    }

    /// <summary>Adds a line that another host has made. Never waits.</summary>
    internal void Append(string line)
    {
        if (path.Length > 0 && !lines.Writer.TryWrite(line.ReplaceLineEndings("?")))
        {
            Interlocked.Increment(ref lost);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lines.Writer.TryComplete();
        await writing.ConfigureAwait(false);
    }

    private async Task WriteAsync()
    {
        while (await lines.Reader.WaitToReadAsync().ConfigureAwait(false))
        {
            try
            {
                // Opened anew for each batch: the file may have been rotated away meanwhile.
                var stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, UnixCreateMode = Mode });
                await using (stream.ConfigureAwait(false))
                {
                    var text = new StringBuilder();
                    long missing = Interlocked.Exchange(ref lost, 0);
                    if (missing > 0)
                    {
                        text.Append(CultureInfo.InvariantCulture, $"({missing} lines lost)\n");
                    }

                    while (text.Length < 1 << 20 && lines.Reader.TryRead(out string? line))
                    {
                        text.Append(line).Append('\n');
                    }

                    await stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString())).ConfigureAwait(false);
                }
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Log.AuditFailed(logger, path, error.Message);
                int dropped = 0;
                while (lines.Reader.TryRead(out _))
                {
                    dropped++;
                }

                Interlocked.Add(ref lost, dropped);
            }
        }
    }
}
