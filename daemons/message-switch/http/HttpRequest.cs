using System.Buffers.Text;
using System.Text;

namespace Toolstack.MessageSwitch.Http;

/// <summary>A request as it came (HTTP/1.1, RFC 9112). <paramref name="Target"/> is undecoded; <paramref name="Body"/> is valid only until the
/// request is answered.</summary>
internal sealed record HttpRequest(string Method, byte[] Target, ReadOnlyMemory<byte> Body, bool KeepAlive)
{
    /// <summary>Where the request belongs in a distributed trace (W3C Trace Context, header traceparent), or empty.</summary>
    internal string TraceParent { get; init; } = "";

    /// <summary>The bytes it came in.</summary>
    internal int Length { get; init; }

    private static ReadOnlySpan<byte> EndOfHead => "\r\n\r\n"u8;

    /// <summary>Reads one request at the front of <paramref name="received"/>. Null when it is not there whole yet.
    /// Raises <see cref="HttpException"/> for what is not a request.</summary>
    internal static HttpRequest? TryRead(ReadOnlyMemory<byte> received, out bool continueWanted)
    {
        continueWanted = false;
        var head = received.Span.IndexOf(EndOfHead);
        if (head > HttpLimits.MaxHeadBytes || (head < 0 && received.Length > HttpLimits.MaxHeadBytes))
        {
            throw new HttpException(431, $"a head of more than {HttpLimits.MaxHeadBytes} bytes (MaxHeadBytes)");
        }

        if (head < 0)
        {
            return null;
        }

        var fields = ReadFields(received.Span[..head], out var line);
        if (fields.Chunked)
        {
            throw new HttpException(501, "a body without content-length is not read here");
        }

        if (fields.Length > HttpLimits.MaxBodyBytes)
        {
            throw new HttpException(413, $"a body of {fields.Length} bytes; allowed is up to {HttpLimits.MaxBodyBytes} (MaxBodyBytes)");
        }

        var start = head + EndOfHead.Length;
        if (received.Length - start < fields.Length)
        {
            continueWanted = fields.ContinueWanted;
            return null;
        }

        var length = start + (int)fields.Length;
        var parts = Split(received.Span[line]);
        return new HttpRequest(parts.Method, parts.Target, received[start..length], fields.KeepAlive ?? !parts.Old)
        {
            TraceParent = fields.TraceParent,
            Length = length,
        };
    }

    private static (string Method, byte[] Target, bool Old) Split(ReadOnlySpan<byte> line)
    {
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        var version = last < 0 ? default : line[(last + 1)..];
        var old = version.SequenceEqual("HTTP/1.0"u8);
        return first > 0 && last > first + 1 && (old || version.SequenceEqual("HTTP/1.1"u8))
            ? (MethodOf(line[..first]), line[(first + 1)..last].ToArray(), old)
            : throw new HttpException(400, "not a request line");
    }

    // The usual ones without making a text anew.
    private static string MethodOf(ReadOnlySpan<byte> name) =>
        name.SequenceEqual("GET"u8) ? "GET" : name.SequenceEqual("POST"u8) ? "POST" : Encoding.Latin1.GetString(name);

    private static Fields ReadFields(ReadOnlySpan<byte> head, out Range line)
    {
        var end = head.IndexOf("\r\n"u8);
        line = end < 0 ? ..head.Length : ..end;
        var fields = new Fields();
        for (var rest = end < 0 ? default : head[(end + 2)..]; !rest.IsEmpty;)
        {
            end = rest.IndexOf("\r\n"u8);
            fields.Add(end < 0 ? rest : rest[..end]);
            rest = end < 0 ? default : rest[(end + 2)..];
        }

        return fields;
    }

    /// <summary>The few header fields that matter for where a request ends and what follows it.</summary>
    private sealed class Fields
    {
        private bool lengthSeen;

        internal long Length { get; private set; }

        internal bool Chunked { get; private set; }

        internal bool? KeepAlive { get; private set; }

        internal bool ContinueWanted { get; private set; }

        internal string TraceParent { get; private set; } = "";

        internal void Add(ReadOnlySpan<byte> field)
        {
            var colon = field.IndexOf((byte)':');
            if (colon <= 0)
            {
                throw new HttpException(400, "not a header field");
            }

            var name = field[..colon];
            var value = field[(colon + 1)..].Trim(" \t"u8);
            if (Is(name, "content-length"u8))
            {
                ReadLength(value);
            }
            else if (Is(name, "transfer-encoding"u8))
            {
                Chunked = true;
            }
            else if (Is(name, "connection"u8))
            {
                KeepAlive = Is(value, "close"u8) ? false : Is(value, "keep-alive"u8) ? true : KeepAlive;
            }
            else if (Is(name, "traceparent"u8))
            {
                TraceParent = value.Length <= HttpLimits.MaxTraceParentBytes ? Encoding.Latin1.GetString(value) : "";
            }
            else if (Is(name, "expect"u8))
            {
                ContinueWanted = Is(value, "100-continue"u8);
            }
        }

        private void ReadLength(ReadOnlySpan<byte> value)
        {
            var digits = !value.IsEmpty && char.IsAsciiDigit((char)value[0]);
            if (!digits || !Utf8Parser.TryParse(value, out long length, out var read) || read != value.Length || (lengthSeen && length != Length))
            {
                throw new HttpException(400, "not a content-length");
            }

            (Length, lengthSeen) = (length, true);
        }

        private static bool Is(ReadOnlySpan<byte> text, ReadOnlySpan<byte> wanted) => Ascii.EqualsIgnoreCase(text, wanted);
    }
}

/// <summary>A request that cannot be read; the connection ends after saying so.</summary>
internal sealed class HttpException(int status, string message) : Exception(message)
{
    internal int Status { get; } = status;
}
