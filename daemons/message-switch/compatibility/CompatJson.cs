using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Toolstack.MessageSwitch;

/// <summary>Writes JSON as the original does: texts are bytes, those from 0x80 on go out as they are, whatever they are.</summary>
internal sealed class CompatJson
{
    private readonly ArrayBufferWriter<byte> output = new(512);

    internal ReadOnlyMemory<byte> Written => output.WrittenMemory;

    internal CompatJson Raw(ReadOnlySpan<byte> json)
    {
        output.Write(json);
        return this;
    }

    internal CompatJson Number(long number)
    {
        Utf8Formatter.TryFormat(number, output.GetSpan(20), out var length);
        output.Advance(length);
        return this;
    }

    /// <summary>A float always shows that it is one.</summary>
    internal CompatJson Float(double number)
    {
        var text = number.ToString("R", CultureInfo.InvariantCulture);
        return Raw(Encoding.ASCII.GetBytes(text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text));
    }

    internal CompatJson Text(string text) => Text(Encoding.UTF8.GetBytes(text));

    internal CompatJson Text(ReadOnlySpan<byte> bytes)
    {
        Raw("\""u8);
        for (var rest = bytes; !rest.IsEmpty;)
        {
            var special = FirstSpecial(rest);
            Raw(rest[..special]);
            if (special == rest.Length)
            {
                break;
            }

            Escape(rest[special]);
            rest = rest[(special + 1)..];
        }

        return Raw("\""u8);
    }

    /// <summary>Items with commas between them.</summary>
    internal CompatJson Each<T>(IEnumerable<T> items, Action<CompatJson, T> write)
    {
        var first = true;
        foreach (var item in items)
        {
            if (!first)
            {
                Raw(","u8);
            }

            first = false;
            write(this, item);
        }

        return this;
    }

    private static readonly SearchValues<byte> Special = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(value => (byte)value), (byte)'"', (byte)'\\', 0x7f]);

    private static int FirstSpecial(ReadOnlySpan<byte> bytes)
    {
        var index = bytes.IndexOfAny(Special);
        return index < 0 ? bytes.Length : index;
    }

    private void Escape(byte value) => Raw(value switch
    {
        (byte)'"' => "\\\""u8,
        (byte)'\\' => "\\\\"u8,
        (byte)'\n' => "\\n"u8,
        (byte)'\r' => "\\r"u8,
        (byte)'\t' => "\\t"u8,
        (byte)'\b' => "\\b"u8,
        (byte)'\f' => "\\f"u8,
        _ => Encoding.ASCII.GetBytes($"\\u{(int)value:x4}"),
    });
}
