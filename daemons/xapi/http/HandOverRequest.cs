using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Toolstack.Xapi.Http;

/// <summary>The head of a migration request (<c>PUT /services/xenops/...</c>, no body) and the record of it that goes to xenopsd with the
/// connection: JSON of the fields <c>path</c>, <c>query</c>, <c>cookie</c>, <c>additional_headers</c> (xenops protocol, hand-over).</summary>
internal sealed record HandOverRequest(
    string Path,
    IReadOnlyDictionary<string, string> Query,
    IReadOnlyDictionary<string, string> Cookies,
    IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>Paths of the question what became of a migration.</summary>
    internal const string OutcomePrefix = "/services/xenops/migrate/outcome/";

    /// <summary>The session that authorises it; cookies come before the query.</summary>
    internal string? SessionId => Parameter("session_id");

    internal string? Parameter(string name) => Cookies.GetValueOrDefault(name) ?? Query.GetValueOrDefault(name);

    /// <summary>The end of the head (after its blank line), or -1 when it is not there yet.</summary>
    internal static int HeadLength(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf("\r\n\r\n"u8);
        return end < 0 ? -1 : end + 4;
    }

    /// <summary>Null when it is no request head.</summary>
    internal static HandOverRequest? Parse(ReadOnlySpan<byte> head)
    {
        string[] lines = Encoding.UTF8.GetString(head).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        string[] start = lines.Length == 0 ? [] : lines[0].Split(' ');
        if (start is not ["PUT", ['/', ..], _])
        {
            return null;
        }

        int question = start[1].IndexOf('?', StringComparison.Ordinal);
        string path = Uri.UnescapeDataString(question < 0 ? start[1] : start[1][..question]);
        Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
        Dictionary<string, string> cookies = new(StringComparer.Ordinal);
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0)
            {
                return null;
            }

            string name = line[..colon].ToLowerInvariant();
            string value = line[(colon + 1)..].Trim();
            if (name == "cookie")
            {
                AddPairs(cookies, value, value.Contains(';', StringComparison.Ordinal) ? [';', ','] : ['&', ',']);
            }
            else
            {
                headers[name] = value;
            }
        }

        Dictionary<string, string> query = new(StringComparer.Ordinal);
        if (question >= 0)
        {
            AddPairs(query, start[1][(question + 1)..], ['&']);
        }

        return new HandOverRequest(path, query, cookies, headers);
    }

    /// <summary>The record as xenopsd reads it.</summary>
    internal ReadOnlyMemory<byte> ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("path", Path);
            WritePairs(json, "query", Query);
            WritePairs(json, "cookie", Cookies);
            WritePairs(json, "additional_headers", Headers);
            json.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    internal static void AddPairs(Dictionary<string, string> pairs, string text, char[] separators)
    {
        foreach (string pair in text.Split(separators, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            int equals = pair.IndexOf('=', StringComparison.Ordinal);
            string name = equals < 0 ? pair : pair[..equals];
            pairs[Uri.UnescapeDataString(name)] = equals < 0 ? "" : Uri.UnescapeDataString(pair[(equals + 1)..]);
        }
    }

    private static void WritePairs(Utf8JsonWriter json, string name, IReadOnlyDictionary<string, string> pairs)
    {
        json.WriteStartObject(name);
        foreach (KeyValuePair<string, string> pair in pairs)
        {
            json.WriteString(pair.Key, pair.Value);
        }

        json.WriteEndObject();
    }
}
