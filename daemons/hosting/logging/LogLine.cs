using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting;

/// <summary>One event as one line of UTF-8. For the journal: <c>&lt;6&gt;name[1001] text</c> (sd-daemon priority prefix); for a terminal or
/// a file: <c>2026-11-22T21:00:00.123Z info name[1001] text</c>. Control characters are escaped, so that a text can never start a line
/// of its own, and a long line ends in "...".</summary>
internal static class LogLine
{
    private static readonly SearchValues<char> Controls = SearchValues.Create(
        "\\\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018"
        + "\u0019\u001a\u001b\u001c\u001d\u001e\u001f\u007f\u0085\u2028\u2029");

    /// <summary>Writes the line with its newline to <paramref name="target"/> and returns its length.</summary>
    internal static int Write(Span<byte> target, bool journal, DateTime utc, in LogEvent what)
    {
        var writer = new BoundedWriter(target);
        if (journal)
        {
            writer.Ascii((byte)'<');
            writer.Ascii((byte)('0' + what.Priority));
            writer.Ascii((byte)'>');
        }
        else
        {
            Span<char> time = stackalloc char[32];
            utc.TryFormat(time, out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
            writer.Plain(time[..length]);
            writer.Ascii((byte)' ');
            writer.Plain(LevelName(what.Level));
            writer.Ascii((byte)' ');
        }

        Span<char> number = stackalloc char[12];
        what.EventId.TryFormat(number, out var digits, default, CultureInfo.InvariantCulture);
        writer.Plain(what.Name);
        writer.Ascii((byte)'[');
        writer.Plain(number[..digits]);
        writer.Ascii((byte)']');
        writer.Ascii((byte)' ');
        writer.Escaped(what.FullText);
        return writer.Finish();
    }

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Critical => "critical",
        LogLevel.Error => "error",
        LogLevel.Warning => "warning",
        LogLevel.Information => "info",
        _ => "debug",
    };

    /// <summary>Appends to a span and remembers that something did not fit; room for the ending is always kept.</summary>
    private ref struct BoundedWriter(Span<byte> target)
    {
        private const int EndingBytes = 4;

        private readonly Span<byte> target = target;
        private int used;
        private bool cut;

        internal void Ascii(byte character)
        {
            if (!cut && used < target.Length - EndingBytes)
            {
                target[used++] = character;
            }
            else
            {
                cut = true;
            }
        }

        internal void Plain(scoped ReadOnlySpan<char> text)
        {
            if (cut)
            {
                return;
            }

            // Utf8 conversion stops before a character that does not fit whole.
            var status = System.Text.Unicode.Utf8.FromUtf16(text, target[used..^EndingBytes], out _, out var written);
            used += written;
            cut = status != OperationStatus.Done;
        }

        internal void Escaped(scoped ReadOnlySpan<char> text)
        {
            while (!text.IsEmpty && !cut)
            {
                var next = text.IndexOfAny(Controls);
                if (next < 0)
                {
                    Plain(text);
                    return;
                }

                Plain(text[..next]);
                Escape(text[next]);
                text = text[(next + 1)..];
            }
        }

        internal int Finish()
        {
            if (cut)
            {
                "..."u8.CopyTo(target[used..]);
                used += 3;
            }

            target[used++] = (byte)'\n';
            return used;
        }

        private void Escape(char control)
        {
            switch (control)
            {
                case '\\':
                    Plain("\\\\");
                    break;
                case '\n':
                    Plain("\\n");
                    break;
                case '\r':
                    Plain("\\r");
                    break;
                case '\t':
                    Plain("\\t");
                    break;
                default:
                    Span<char> code = stackalloc char[4];
                    ((int)control).TryFormat(code, out _, "x4", CultureInfo.InvariantCulture);
                    Plain("\\u");
                    Plain(code);
                    break;
            }
        }
    }
}
