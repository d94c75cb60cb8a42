using System.Text;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>The little of s-expressions that the Xenops record needs: quoting an atom and checking that a text is one.</summary>
internal static class Sexp
{
    /// <summary>An atom as it stands in an s-expression, quoted where it must be.</summary>
    public static string Quote(string atom)
    {
        if (atom.Length > 0 && atom.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or ':' or '/'))
        {
            return atom;
        }

        StringBuilder text = new("\"");
        foreach (var c in atom)
        {
            _ = c switch
            {
                '"' or '\\' => text.Append('\\').Append(c),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                < ' ' => text.Append('\\').Append(((int)c).ToString("D3")),
                _ => text.Append(c),
            };
        }

        return text.Append('"').ToString();
    }

    /// <summary>True for exactly one balanced list, no deeper than <see cref="StreamLimits.MaxSexpDepth"/>, with every string closed.</summary>
    public static bool IsList(ReadOnlySpan<byte> text)
    {
        var depth = 0;
        var lists = 0;
        var inString = false;
        for (var i = 0; i < text.Length; i++)
        {
            var c = (char)text[i];
            if (inString)
            {
                inString = c != '"';
                i += c == '\\' ? 1 : 0;
                continue;
            }

            switch (c)
            {
                case '(':
                    lists += depth == 0 ? 1 : 0;
                    if (++depth > StreamLimits.MaxSexpDepth || lists > 1)
                    {
                        return false;
                    }

                    break;
                case ')' when --depth < 0:
                    return false;
                case '"' when depth > 0:
                    inString = true;
                    break;
                default:
                    if (depth == 0 && c is not (' ' or '\n' or '\t' or '\r' or ')'))
                    {
                        return false;
                    }

                    break;
            }
        }

        return depth == 0 && lists == 1 && !inString;
    }
}
