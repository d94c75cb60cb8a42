using System.Buffers;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Reports;

/// <summary>
/// The notices on disk: one file, to which a line of JSON is appended for each that was added and each that was removed. Once most lines are of notices
/// that are gone, the file is written anew without them, beside the appending. The process may be killed at any moment: what is left then is a last line
/// without an end, which the next load cuts off. A caller appends under one lock and says under the same what lives. Raises IOException and
/// UnauthorizedAccessException.
/// </summary>
internal sealed class NoticeJournal(string path, ILogger logger)
{
    private const int ReadBytes = 64 * 1024;
    private const int WriteBytes = 256 * 1024;
    private const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Lock gate = new();
    private readonly ArrayBufferWriter<byte> text = new();
    private long length;
    private int lines;
    private int linesToRewriteAt = ReportLimits.MaxSpareLines;
    private bool rewriting;

    private string Fresh => path + ".new";

    internal bool Exists => File.Exists(path);

    /// <summary>Reads what is there, oldest first: <paramref name="added"/> gets a notice, <paramref name="removed"/> one of them that is gone.
    /// Returns the highest generation that was ever given. A line that cannot be read is passed over and logged.</summary>
    internal long Load(Action<Notice> added, Action<Ref<message>> removed)
    {
        File.Delete(Fresh);
        long last = 0;
        using var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite, bufferSize: 0);
        byte[] buffer = new byte[ReadBytes];
        int filled = 0;
        for (int count = -1; count != 0;)
        {
            count = file.Read(buffer, filled, buffer.Length - filled);
            filled += count;
            int start = 0;
            for (int end; (end = buffer.AsSpan(start, filled - start).IndexOf((byte)'\n')) >= 0; start += end + 1)
            {
                last = Math.Max(last, Take(buffer.AsSpan(start, end), added, removed));
                length += end + 1;
                lines++;
            }

            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }

        file.SetLength(length);
        return last;
    }

    /// <summary>Appends that one was added and, if <paramref name="gone"/> is given, that another has gone for it. On disk when it returns if it is to be durable.
    /// When it raises, nothing was appended.</summary>
    internal void Add(Notice notice, (Notice Notice, long Generation)? gone, bool durable)
    {
        lock (gate)
        {
            text.ResetWrittenCount();
            Write(text, notice);
            if (gone is { } left)
            {
                Write(text, left.Notice.Self, left.Generation);
            }

            Append(gone is null ? 1 : 2, durable);
        }
    }

    internal void Remove(Ref<message> self, long generation)
    {
        lock (gate)
        {
            text.ResetWrittenCount();
            Write(text, self, generation);
            Append(1, durable: false);
        }
    }

    /// <summary>Whether it is time for <see cref="BeginRewrite"/>.</summary>
    internal bool IsWasteful(int living)
    {
        lock (gate)
        {
            return !rewriting && lines >= linesToRewriteAt && lines > living * 2;
        }
    }

    /// <summary>Begins to write the file anew; what is appended from now on is in it too. A failure is logged, and the file stays as it is.</summary>
    internal void BeginRewrite(IReadOnlyList<Notice> living, long generation)
    {
        (long Length, int Lines) from;
        lock (gate)
        {
            rewriting = true;
            from = (length, lines);
        }

        _ = Task.Run(() =>
        {
            try
            {
                Rewrite(living, generation, from);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                Log.NoticesNotRewritten(logger, path, error.Message);
                lock (gate)
                {
                    rewriting = false;
                    linesToRewriteAt = lines + ReportLimits.MaxSpareLines;
                }
            }
        });
    }

    /// <summary>Makes the file of what there is.</summary>
    internal void Create(IReadOnlyList<Notice> living, long generation) => Rewrite(living, generation, (0, 0));

    /// <summary>The living as they were when the file had so many bytes and lines, and then what has been appended to it since.</summary>
    private void Rewrite(IReadOnlyList<Notice> living, long generation, (long Length, int Lines) from)
    {
        using SafeFileHandle file = File.OpenHandle(Fresh, FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        File.SetUnixFileMode(file, Mode);
        var output = new ArrayBufferWriter<byte>(WriteBytes);
        Line(output, w =>
        {
            w.BeginStruct(1);
            w.Member("generation");
            w.Int(generation);
            w.EndStruct();
        });
        long written = 0;
        foreach (Notice notice in living)
        {
            Write(output, notice);
            if (output.WrittenCount >= WriteBytes)
            {
                Flush();
            }
        }

        Flush();
        RandomAccess.FlushToDisk(file);
        lock (gate)
        {
            if (length > from.Length)
            {
                Span<byte> since = output.GetSpan((int)(length - from.Length))[..(int)(length - from.Length)];
                using SafeFileHandle old = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
                output.Advance(RandomAccess.Read(old, since, from.Length));
                Flush();
                RandomAccess.FlushToDisk(file);
            }

            File.Move(Fresh, path, overwrite: true);
            length = written;
            lines = 1 + living.Count + lines - from.Lines;
            linesToRewriteAt = ReportLimits.MaxSpareLines;
            rewriting = false;
        }

        void Flush()
        {
            RandomAccess.Write(file, output.WrittenSpan, written);
            written += output.WrittenCount;
            output.ResetWrittenCount();
        }
    }

    /// <summary>Under the lock: the text becomes part of the file, or what of it was written is not taken for one.</summary>
    private void Append(int count, bool durable)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        try
        {
            RandomAccess.Write(file, text.WrittenSpan, length);
            if (durable)
            {
                RandomAccess.FlushToDisk(file);
            }
        }
        catch (IOException)
        {
            RandomAccess.SetLength(file, length);
            throw;
        }

        length += text.WrittenCount;
        lines += count;
    }

    private long Take(ReadOnlySpan<byte> line, Action<Notice> added, Action<Ref<message>> removed)
    {
        try
        {
            Value.Struct entry = JsonValueReader.Parse(line).AsStruct();
            long generation = entry.Find("generation")?.AsInt() ?? 0;
            if (entry.Find("removed") is { } gone)
            {
                removed(new Ref<message>(gone.AsString()));
            }
            else if (entry.Find("ref") is { } self && entry.Find("row") is { } row)
            {
                added(new Notice(new Ref<message>(self.AsString()), Row(row), generation));
            }

            return generation;
        }
        catch (Exception error) when (error is WireFormatException or ValueFormatException)
        {
            Log.NoticeUnreadable(logger, path, error.Message);
            return 0;
        }
    }

    /// <summary>A notice from its record. Raises ValueFormatException.</summary>
    internal static message Row(Value record)
    {
        XenObject row = message.Info.Fresh();
        foreach ((string name, Value value) in record.AsStruct().Members)
        {
            message.Info.Field(name)?.Set(row, value);
        }

        return (message)row;
    }

    private static void Write(ArrayBufferWriter<byte> output, Notice notice) => Line(output, w =>
    {
        w.BeginStruct(3);
        w.Member("generation");
        w.Int(notice.Generation);
        w.Member("ref");
        w.String(notice.Self.ToString());
        w.Member("row");
        message.Info.WriteRecord(notice.Row, w);
        w.EndStruct();
    });

    private static void Write(ArrayBufferWriter<byte> output, Ref<message> self, long generation) => Line(output, w =>
    {
        w.BeginStruct(2);
        w.Member("generation");
        w.Int(generation);
        w.Member("removed");
        w.String(self.ToString());
        w.EndStruct();
    });

    private static void Line(ArrayBufferWriter<byte> output, Action<ValueWriter> write)
    {
        JsonValueWriter.Write(output, write);
        output.Write("\n"u8);
    }
}
