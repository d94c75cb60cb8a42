using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Toolstack.Xapi.Database;

namespace Toolstack.Xapi.Bugtool;

/// <summary>
/// Takes secrets out of texts. Two ways, one over the other: what is known to be secret (values read from where they are kept) goes
/// wherever it stands, and what looks like a secret by its name or form goes without being known. The second errs on the side of taking too much.
/// </summary>
internal sealed partial class Redactor
{
    internal const string LeftOut = "(left out)";

    /// <summary>Shorter values would take ordinary words with them; they are caught by their names only.</summary>
    private const int ShortestKnown = 6;

    private readonly HashSet<string> known = new(StringComparer.Ordinal);

    /// <summary>A value that must not stand anywhere.</summary>
    internal void Add(string secret)
    {
        if (secret.Trim() is { Length: >= ShortestKnown } value)
        {
            known.Add(value);
        }
    }

    /// <summary>Finds values in a dump of the database, and in texts of configuration, that must not stand anywhere.</summary>
    internal void Learn(string text)
    {
        foreach (Match found in Pairs().Matches(text))
        {
            AddBothForms(found.Groups["value"].Value);
        }

        foreach (Match table in SecretTable().Matches(text))
        {
            foreach (Match value in Values().Matches(table.Value))
            {
                AddBothForms(value.Groups["value"].Value);
            }
        }

        foreach (Match assignment in Assignments().Matches(text))
        {
            if (!IsPlace(assignment.Groups["value"].Value))
            {
                Add(assignment.Groups["value"].Value);
            }
        }
    }

    internal string Clean(string text)
    {
        text = Keys().Replace(text, LeftOut);
        text = Hashes().Replace(text, LeftOut);
        text = SecretTable().Replace(text, static table => Values().Replace(table.Value, $" value=\"{LeftOut}\""));
        text = WholeAttributes().Replace(text, static attribute => $"{attribute.Groups["name"].Value}=\"{LeftOut}\"");
        text = Pairs().Replace(text, static pair => Replace(pair, "value"));
        text = Assignments().Replace(text, static assignment => IsPlace(assignment.Groups["value"].Value) ? assignment.Value : Replace(assignment, "value"));
        var result = new StringBuilder(text);

        // The longest first: one may be a part of another.
        foreach (string secret in known.OrderByDescending(static secret => secret.Length))
        {
            result.Replace(secret, LeftOut);
        }

        return result.ToString();
    }

    /// <summary>A value as it stands in a dump of the database, and as it is.</summary>
    private void AddBothForms(string dumped)
    {
        Add(dumped);
        Add(StateXml.Unprotect(WebUtility.HtmlDecode(dumped)));
    }

    /// <summary>A path or a reference tells where a secret is, and is none.</summary>
    private static bool IsPlace(string value) => value.StartsWith('/') || value.StartsWith("OpaqueRef:", StringComparison.Ordinal);

    private static string Replace(Match match, string group)
    {
        Group value = match.Groups[group];
        return string.Concat(match.Value.AsSpan(0, value.Index - match.Index), LeftOut, match.Value.AsSpan(value.Index - match.Index + value.Length));
    }

    /// <summary>An entry of a map of the database: <c>('cifspassword' 'x')</c>, in a dump <c>('cifspassword'%.'x')</c>.</summary>
    [GeneratedRegex(@"\('[^']*(?:pass|pswd|secret|token|credential|private|chap|key)[^']*'(?: |%\.)'(?<value>(?:[^'\\]|\\.)*)'\)", RegexOptions.IgnoreCase)]
    private static partial Regex Pairs();

    /// <summary>The rows of class secret.</summary>
    [GeneratedRegex("<table name=\"secret\">.*?</table>", RegexOptions.Singleline)]
    private static partial Regex SecretTable();

    [GeneratedRegex(" value=\"(?<value>[^\"]*)\"")]
    private static partial Regex Values();

    /// <summary>Attributes of the database that are secret as a whole: what guests are told, their variables and keys, what directories log in with.</summary>
    [GeneratedRegex("\\b(?<name>NVRAM|xenstore_data|contents|external_auth_configuration|wlb_password|auth_token|psr_secret)=\"[^\"]*\"")]
    private static partial Regex WholeAttributes();

    /// <summary><c>password = x</c>, <c>"token": "x"</c>, <c>pool_secret=x</c>.</summary>
    [GeneratedRegex("""(?:password|passwd|pswd|secret|token|credential)s?["']?\s*[=:]\s*["']?(?<value>[^\s"',;&|<>]+)""", RegexOptions.IgnoreCase)]
    private static partial Regex Assignments();

    [GeneratedRegex(@"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)", RegexOptions.Singleline)]
    private static partial Regex Keys();

    /// <summary>A password's hash: crypt(3), and xapi's own.</summary>
    [GeneratedRegex(@"\$[a-z0-9-]{1,20}\$[A-Za-z0-9./+=$,-]{16,}|pbkdf2-[a-z0-9]+:[A-Za-z0-9/+=:]+")]
    private static partial Regex Hashes();
}
