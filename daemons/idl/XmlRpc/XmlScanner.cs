using System.Buffers;
using System.Text;

namespace Toolstack.Idl.XmlRpc;

/// <summary>
/// The part of XML 1.0 that XML-RPC needs, read from UTF-8 bytes: elements, text, CDATA, the five entities and numeric ones.
/// Comments, processing instructions and attributes are passed over; a document type is refused, so nothing can expand.
/// </summary>
internal ref struct XmlScanner
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private static readonly SearchValues<byte> Special = SearchValues.Create(
        [.. "<&\r"u8, 0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31]);

    private static readonly SearchValues<byte> NameEnd = SearchValues.Create(" \t\r\n/>=<"u8);

    private readonly ReadOnlySpan<byte> data;
    private int position;

    public XmlScanner(ReadOnlySpan<byte> data)
    {
        this.data = data;
        if (data.Length > WireLimits.MaxDocumentBytes)
        {
            throw new WireFormatException($"document over {nameof(WireLimits.MaxDocumentBytes)} ({WireLimits.MaxDocumentBytes})", 0);
        }

        position = data.StartsWith("\uFEFF"u8) ? 3 : 0;
    }

    public readonly int Offset => position;

    private readonly ReadOnlySpan<byte> Rest => data[position..];

    public readonly WireFormatException Error(string problem) => new(problem, position);

    /// <summary>Passes white space, comments and processing instructions.</summary>
    public void SkipMisc()
    {
        while (true)
        {
            int text = Rest.IndexOfAnyExcept(" \t\r\n"u8);
            position += text < 0 ? Rest.Length : text;
            if (!SkipCommentOrInstruction())
            {
                return;
            }
        }
    }

    /// <summary>Whether, after white space, an element starts here (as opposed to ending).</summary>
    public bool AtOpen()
    {
        SkipMisc();
        return Rest.Length > 1 && Rest[0] == '<' && Rest[1] != '/';
    }

    public bool AtEnd()
    {
        SkipMisc();
        return Rest.IsEmpty;
    }

    /// <summary>Reads a start tag and returns its name; <paramref name="empty"/> for <c>&lt;x/&gt;</c>.</summary>
    public ReadOnlySpan<byte> Open(out bool empty)
    {
        SkipMisc();
        if (Rest.Length < 2 || Rest[0] != '<' || !IsNameStart(Rest[1]))
        {
            throw Error("expected an element");
        }

        position++;
        ReadOnlySpan<byte> name = Name();
        SkipAttributes();
        empty = Rest[0] == '/';
        position += empty ? 2 : 1;
        return name;
    }

    public void Open(ReadOnlySpan<byte> wanted, out bool empty)
    {
        int start = position;
        if (!Open(out empty).SequenceEqual(wanted))
        {
            throw new WireFormatException($"expected <{Encoding.UTF8.GetString(wanted)}>", start);
        }
    }

    public void Close(ReadOnlySpan<byte> name)
    {
        SkipMisc();
        ReadOnlySpan<byte> rest = Rest;
        if (!rest.StartsWith("</"u8) || !rest[2..].StartsWith(name))
        {
            throw Error($"expected </{Encoding.UTF8.GetString(name)}>");
        }

        position += 2 + name.Length;
        SkipSpace();
        Expect((byte)'>');
    }

    /// <summary>Character data up to the next tag, entities resolved and line ends made LF.</summary>
    /// <exception cref="XenApiError">INVALID_VALUE: bytes that are no UTF-8.</exception>
    public string Text()
    {
        int end = Rest.IndexOfAny(Special);
        if (end >= 0 && Rest[end] == '<' && !Rest[end..].StartsWith("<!"u8) && !Rest[end..].StartsWith("<?"u8))
        {
            string plain = Decode(Rest[..end]);
            position += end;
            return plain;
        }

        return MixedText();
    }

    private string MixedText()
    {
        ArrayBufferWriter<byte> text = new();
        while (true)
        {
            int end = Rest.IndexOfAny(Special);
            if (end < 0)
            {
                position = data.Length;
                throw Error("document ends inside text");
            }

            text.Write(Rest[..end]);
            position += end;
            switch (Rest[0])
            {
                case (byte)'&': Entity(text); break;
                case (byte)'\r': LineEnd(text); break;
                case (byte)'<' when Rest.StartsWith("<![CDATA["u8): CData(text); break;
                case (byte)'<' when SkipCommentOrInstruction(): break;
                case (byte)'<': return Decode(text.WrittenSpan);
                default: throw Error($"character {Rest[0]} is not allowed in XML");
            }
        }
    }

    private void CData(ArrayBufferWriter<byte> text)
    {
        position += "<![CDATA["u8.Length;
        int length = Rest.IndexOf("]]>"u8);
        if (length < 0)
        {
            throw Error("unfinished CDATA");
        }

        int end = position + length;
        while (position < end)
        {
            ReadOnlySpan<byte> section = data[position..end];
            int plain = section.IndexOfAny(Special);
            text.Write(plain < 0 ? section : section[..plain]);
            position += plain < 0 ? section.Length : plain;
            if (plain >= 0)
            {
                CDataSpecial(text);
            }
        }

        position = end + 3;
    }

    private void CDataSpecial(ArrayBufferWriter<byte> text)
    {
        switch (Rest[0])
        {
            case (byte)'\r':
                LineEnd(text);
                break;
            case (byte)'<' or (byte)'&':
                text.Write(Rest[..1]);
                position++;
                break;
            default:
                throw Error($"character {Rest[0]} is not allowed in XML");
        }
    }

    private void LineEnd(ArrayBufferWriter<byte> text)
    {
        position++;
        if (Rest.IsEmpty || Rest[0] != '\n')
        {
            text.Write("\n"u8);
        }
    }

    private void Entity(ArrayBufferWriter<byte> text)
    {
        int length = Rest[..Math.Min(Rest.Length, 12)].IndexOf((byte)';');
        ReadOnlySpan<byte> name = length > 1 ? Rest[1..length] : throw Error("unfinished entity");
        if (name[0] == '#')
        {
            Span<byte> utf8 = stackalloc byte[4];
            text.Write(utf8[..CodePoint(name[1..]).EncodeToUtf8(utf8)]);
        }
        else
        {
            text.Write(
                name.SequenceEqual("lt"u8) ? "<"u8
                : name.SequenceEqual("gt"u8) ? ">"u8
                : name.SequenceEqual("amp"u8) ? "&"u8
                : name.SequenceEqual("quot"u8) ? "\""u8
                : name.SequenceEqual("apos"u8) ? "'"u8
                : throw Error($"entity &{Encoding.UTF8.GetString(name)}; is not defined"));
        }

        position += length + 1;
    }

    private readonly Rune CodePoint(ReadOnlySpan<byte> digits)
    {
        bool hex = !digits.IsEmpty && digits[0] == 'x';
        uint code = 0;
        foreach (byte digit in hex ? digits[1..] : digits)
        {
            int worth = digit switch
            {
                >= (byte)'0' and <= (byte)'9' => digit - '0',
                >= (byte)'a' and <= (byte)'f' when hex => digit - 'a' + 10,
                >= (byte)'A' and <= (byte)'F' when hex => digit - 'A' + 10,
                _ => throw Error("malformed numeric entity"),
            };
            code = code * (hex ? 16u : 10u) + (uint)worth;
            if (code > 0x10ffff)
            {
                throw Error("numeric entity beyond Unicode");
            }
        }

        bool allowed = code is 9 or 10 or 13 || (code >= 0x20 && code is not (0xfffe or 0xffff));
        return allowed && Rune.TryCreate(code, out Rune rune) ? rune : throw Error($"character {code} is not allowed in XML");
    }

    private bool SkipCommentOrInstruction()
    {
        if (Rest.StartsWith("<!--"u8))
        {
            return SkipPast(4, "-->"u8, "unfinished comment");
        }

        if (Rest.StartsWith("<?"u8))
        {
            return SkipPast(2, "?>"u8, "unfinished processing instruction");
        }

        return Rest.StartsWith("<!"u8) && !Rest.StartsWith("<![CDATA["u8) ? throw Error("document types are not accepted") : false;
    }

    private bool SkipPast(int start, ReadOnlySpan<byte> end, string problem)
    {
        int found = Rest[start..].IndexOf(end);
        position = found < 0 ? throw Error(problem) : position + start + found + end.Length;
        return true;
    }

    private ReadOnlySpan<byte> Name()
    {
        ReadOnlySpan<byte> rest = Rest;
        int length = rest.IndexOfAny(NameEnd);
        if (length <= 0 || length > WireLimits.MaxElementNameBytes)
        {
            throw Error(length <= 0 ? "expected a name" : $"name over {nameof(WireLimits.MaxElementNameBytes)} ({WireLimits.MaxElementNameBytes})");
        }

        position += length;
        return rest[..length];
    }

    private void SkipAttributes()
    {
        while (true)
        {
            SkipSpace();
            if (Rest.StartsWith(">"u8) || Rest.StartsWith("/>"u8))
            {
                return;
            }

            Name();
            SkipSpace();
            Expect((byte)'=');
            SkipSpace();
            byte quote = Rest.IsEmpty ? (byte)0 : Rest[0];
            if (quote is not ((byte)'"' or (byte)'\''))
            {
                throw Error("expected an attribute value");
            }

            int length = Rest[1..].IndexOf(quote);
            position += length < 0 ? throw Error("unfinished attribute value") : length + 2;
        }
    }

    private void SkipSpace()
    {
        int text = Rest.IndexOfAnyExcept(" \t\r\n"u8);
        position += text < 0 ? Rest.Length : text;
    }

    private void Expect(byte wanted)
    {
        if (Rest.IsEmpty || Rest[0] != wanted)
        {
            throw Error($"expected '{(char)wanted}'");
        }

        position++;
    }

    private static bool IsNameStart(byte b) => b is (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z') or (byte)'_' or (byte)':' or >= 0x80;

    private static string Decode(ReadOnlySpan<byte> text)
    {
        try
        {
            return Strict.GetString(text);
        }
        catch (DecoderFallbackException)
        {
            throw new XenApiError("INVALID_VALUE", "Invalid UTF-8 string in parameter", Encoding.UTF8.GetString(text));
        }
    }
}
