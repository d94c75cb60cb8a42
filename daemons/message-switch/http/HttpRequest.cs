using System.Globalization;
using System.Text;

namespace Toolstack.MessageSwitch.Http;

/// <summary>A request as it came (HTTP/1.1, RFC 9112). <paramref name="Target"/> is undecoded; <paramref name="Body"/> is valid only until the
/// request is answered.</summary>
internal sealed record HttpRequest(string Method, byte[] Target, ReadOnlyMemory<byte> Body, bool KeepAlive)
{
    /// <summary>Where the request belongs in a distributed trace (W3C Trace Context, header traceparent), or empty.</summary>
    internal string TraceParent { get; init; } = "";

    private static readonly byte[] EndOfHead = "\r\n\r\n"u8.ToArray();

    /// <summary>Takes one request off the front of <paramref name="received"/>: <paramref name="length"/> bytes. Null when it is not there whole yet.
    /// Raises <see cref="HttpException"/> for what is not a request.</summary>
    internal static HttpRequest? TryRead(ReadOnlyMemory<byte> received, out int length, out bool continueWanted)
    {
        length = 0;
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

        length = start + (int)fields.Length;
        var parts = Split(received.Span[line]);
        var old = parts.Version == "HTTP/1.0";
        return new HttpRequest(parts.Method, parts.Target, received[start..length], fields.KeepAlive ?? !old)
        {
            TraceParent = fields.TraceParent,
        };
    }

    private static (string Method, byte[] Target, string Version) Split(ReadOnlySpan<byte> line)
    {
        var first = line.IndexOf((byte)' ');
        var last = line.LastIndexOf((byte)' ');
        var version = last < 0 ? "" : Encoding.Latin1.GetString(line[(last + 1)..]);
        return first > 0 && last > first + 1 && version is "HTTP/1.1" or "HTTP/1.0"
            ? (Encoding.Latin1.GetString(line[..first]), line[(first + 1)..last].ToArray(), version)
            : throw new HttpException(400, "not a request line");
    }

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

            var value = Encoding.Latin1.GetString(field[(colon + 1)..]).Trim();
            switch (Encoding.Latin1.GetString(field[..colon]).ToLowerInvariant())
            {
                case "content-length":
                    var digits = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var length);
                    if (!digits || (lengthSeen && length != Length))
                    {
                        throw new HttpException(400, "not a content-length");
                    }

                    (Length, lengthSeen) = (length, true);
                    break;
                case "transfer-encoding":
                    Chunked = true;
                    break;
                case "connection":
                    KeepAlive = value.ToLowerInvariant() switch
                    {
                        "close" => false,
                        "keep-alive" => true,
                        _ => KeepAlive,
                    };
                    break;
                case "traceparent":
                    TraceParent = value.Length <= HttpLimits.MaxTraceParentBytes ? value : "";
                    break;
                case "expect":
                    ContinueWanted = value.Equals("100-continue", StringComparison.OrdinalIgnoreCase);
                    break;
                default:
                    break;
            }
        }
    }
}

/// <summary>A request that cannot be read; the connection ends after saying so.</summary>
internal sealed class HttpException(int status, string message) : Exception(message)
{
    internal int Status { get; } = status;
}
