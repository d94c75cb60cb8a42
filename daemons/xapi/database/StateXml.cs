using System.Globalization;
using System.Text;

namespace Toolstack.Xapi.Database;

/// <summary>What the original database's XML (<c>state.db</c>) is made of: how attributes protect blanks, and the limits of a document.</summary>
internal static class StateXml
{
    internal const string Database = "database";
    internal const string Manifest = "manifest";
    internal const string Pair = "pair";
    internal const string Table = "table";
    internal const string Row = "row";

    /// <summary>The largest document that is read, in characters.</summary>
    internal const int MaxCharacters = 256 * 1024 * 1024;

    /// <summary>Blanks would be normalised in attributes: each stands behind a percent sign.</summary>
    internal static string Protect(string text)
    {
        if (text.AsSpan().IndexOfAny(" \t\n\r%") < 0)
        {
            return text;
        }

        var result = new StringBuilder(text.Length + 16);
        foreach (char c in text)
        {
            result.Append(c switch { ' ' => "%.", '\t' => "%t", '\n' => "%n", '\r' => "%r", '%' => "%%", _ => null } ?? c.ToString());
        }

        return result.ToString();
    }

    internal static string Unprotect(string text)
    {
        if (!text.Contains('%', StringComparison.Ordinal))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        for (int at = 0; at < text.Length; at++)
        {
            if (text[at] != '%' || at + 1 == text.Length)
            {
                result.Append(text[at]);
                continue;
            }

            char next = text[++at];
            result.Append(next switch { '.' => ' ', 't' => '\t', 'n' => '\n', 'r' => '\r', _ => next });
        }

        return result.ToString();
    }

    internal static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
