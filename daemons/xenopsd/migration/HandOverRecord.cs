using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Idl.Json;

namespace Toolstack.Xenopsd.Migration;

/// <summary>The request that came with a handed-over connection (xenops protocol): JSON of its path, query, cookies and headers.</summary>
internal sealed record HandOverRecord(string Path, ImmutableSortedDictionary<string, string> Query, ImmutableSortedDictionary<string, string> Cookies)
{
    private static readonly string[] Prefixes = ["/services/xenops/migrate/", "/services/xenops/"];

    /// <summary>Raises WireFormatException or ValueFormatException; the first also for a record that is not whole yet.</summary>
    internal static HandOverRecord Parse(ReadOnlySpan<byte> json)
    {
        var record = JsonValueReader.Parse(json).AsStruct();
        return new HandOverRecord(
            (record.Find("path") ?? Value.Empty).AsString(), Pairs(record.Find("query")), Pairs(record.Find("cookie")));
    }

    /// <summary>The kind of connection (<c>vm</c>, <c>mem</c>) and the id behind it; null for paths that are none of ours.</summary>
    internal (string Kind, string Id)? Target
    {
        get
        {
            foreach (string prefix in Prefixes)
            {
                if (Path.StartsWith(prefix, StringComparison.Ordinal) && Path[prefix.Length..].Split('/') is [var kind, { Length: > 0 } id])
                {
                    return (kind, id);
                }
            }

            return null;
        }
    }

    /// <summary>An object, or a list of pairs.</summary>
    private static ImmutableSortedDictionary<string, string> Pairs(Value? value) => value switch
    {
        Value.Struct s => s.Members.ToImmutableSortedDictionary(static m => m.Key, static m => m.Value.AsString(), StringComparer.Ordinal),
        Value.Array a => a.Items.ToImmutableSortedDictionary(
            static p => p.AsArray()[0].AsString(), static p => p.AsArray()[1].AsString(), StringComparer.Ordinal),
        _ => ImmutableSortedDictionary<string, string>.Empty,
    };
}
