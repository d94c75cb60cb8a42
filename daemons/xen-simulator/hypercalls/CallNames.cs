using System.Collections.Concurrent;
using System.Text;

namespace Toolstack.XenSimulator.Hypercalls;

/// <summary>Names of hypercalls as faults use them: a method's name in lower case with underscores, which is its name on the wire.</summary>
internal static class CallNames
{
    private static readonly ConcurrentDictionary<string, string> Known = new(StringComparer.Ordinal);

    public static string OnWire(string method) => Known.GetOrAdd(method, static name =>
    {
        var text = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsAsciiLetterUpper(letter) && text.Length > 0)
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    });
}
