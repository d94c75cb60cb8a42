using System.Text;
using Toolstack.Hosting.Switch.Wire;
using Toolstack.MessageSwitch.Http;

namespace Toolstack.MessageSwitch;

/// <summary>Reads requests of the original switch's protocol from HTTP. Its quirks are kept: the path is decoded as a whole before it is split,
/// then each name again, so that a literal % is written %2525 and a name with a slash cannot be written at all; the first queue in
/// /response is decoded only once.</summary>
internal static class CompatParser
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);
    private static readonly TimeSpan DefaultTraceTimeout = TimeSpan.FromSeconds(5);

    /// <summary>The request, or null for one that the protocol does not have. Raises <see cref="FormatException"/> when a number or body in it
    /// cannot be read.</summary>
    internal static CompatRequest? Parse(HttpRequest request)
    {
        var path = PercentDecode(PathOf(request.Target));
        var parts = new List<byte[]>();
        foreach (var range in path.AsSpan().Split((byte)'/'))
        {
            parts.Add(path[range]);
        }

        if (parts.Count < 2 || parts[0].Length > 0)
        {
            return null;
        }

        try
        {
            return request.Method switch
            {
                "GET" when request.Body.IsEmpty => Get(parts, Plain(parts[1])),
                "POST" => Post(parts, Plain(parts[1]), request.Body),
                _ => null,
            };
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static CompatRequest? Get(List<byte[]> parts, string first)
    {
        switch (first, parts.Count)
        {
            case ("", 2):
                return new DiagnosticsRequest();
            case ("trace", 2):
                return new TraceRequest(-1, DefaultTraceTimeout);
            case ("trace", 4):
                return new TraceRequest(OcamlNumbers.Int64(Plain(parts[2])), OcamlNumbers.Seconds(Plain(parts[3])));
            case ("list", 3):
                return new ListRequest(Name(parts[2]), Alive: false);
            case ("list", 4) when Plain(parts[2]) == "alive":
                return new ListRequest(Name(parts[3]), Alive: true);
            case ("admin" or "js" or "css" or "images", _):
                return new WebRequest(string.Join('/', parts.Skip(1).Select(Plain)));
            default:
                break;
        }

        return parts.Count < 3 || Name(parts[2]) is not { Length: > 0 } name ? null : (first, parts.Count) switch
        {
            ("login", 3) => new LoginRequest(name),
            ("persistent", 3) => new CreateRequest(name, Transient: false),
            ("transient", 3) => new CreateRequest(name, Transient: true),
            ("destroy", 3) => new DestroyRequest(name),
            ("ack", 4) => new AckRequest(name, OcamlNumbers.Int64(Plain(parts[3]))),
            _ => null,
        };
    }

    private static CompatRequest? Post(List<byte[]> parts, string first, ReadOnlyMemory<byte> body) => (first, parts.Count) switch
    {
        ("transfer", 2) => TransferBody.Read(body),
        ("shutdown", 2) => new ShutdownRequest(),
        ("request", 4) => new SendRequest(Name(parts[2]), Name(parts[3])),
        ("response", 5) => new SendResponse(Name(parts[2]), new RequestKey(Plain(parts[3]), OcamlNumbers.Int64(Plain(parts[4])))),
        _ => null,
    };

    private static string Plain(byte[] part) => StrictUtf8.GetString(part);

    private static string Name(byte[] part)
    {
        var decoded = PercentDecode(part);
        return decoded.Length <= SwitchLimits.MaxNameBytes
            ? StrictUtf8.GetString(decoded)
            : throw new FormatException($"a name of {decoded.Length} bytes; allowed is up to {SwitchLimits.MaxNameBytes} (MaxNameBytes)");
    }

    /// <summary>The path of a request target: without scheme and authority, query and fragment.</summary>
    private static ReadOnlySpan<byte> PathOf(ReadOnlySpan<byte> target)
    {
        var authority = target.IndexOf("://"u8);
        if (authority > 0 && target[0] != (byte)'/')
        {
            var slash = target[(authority + 3)..].IndexOf((byte)'/');
            target = slash < 0 ? "/"u8 : target[(authority + 3 + slash)..];
        }

        var end = target.IndexOfAny((byte)'?', (byte)'#');
        return end < 0 ? target : target[..end];
    }

    /// <summary>Decodes %xx; a % without two hexadecimal digits stands for itself.</summary>
    internal static byte[] PercentDecode(ReadOnlySpan<byte> text)
    {
        var decoded = new byte[text.Length];
        var length = 0;
        for (var index = 0; index < text.Length; index++)
        {
            if (text[index] == (byte)'%' && index + 2 < text.Length
                && char.IsAsciiHexDigit((char)text[index + 1]) && char.IsAsciiHexDigit((char)text[index + 2]))
            {
                decoded[length++] = Convert.ToByte(Encoding.Latin1.GetString(text.Slice(index + 1, 2)), 16);
                index += 2;
            }
            else
            {
                decoded[length++] = text[index];
            }
        }

        return decoded[..length];
    }
}
