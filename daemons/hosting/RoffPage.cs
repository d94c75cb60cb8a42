using System.Text;

namespace Toolstack;

/// <summary>A manual page in man(7) macros, from plain texts. Compiled into each assembly that has a page to write.</summary>
internal sealed class RoffPage
{
    private readonly StringBuilder page = new();

    internal RoffPage(string name, int section, string summary, string version, IEnumerable<string> synopsis)
    {
        var volume = section switch { 1 => "User commands", 5 => "File formats", _ => "System administration" };
        page.Append(".TH ").Append(name.ToUpperInvariant()).Append(' ').Append(section).Append(" \"\" \"XAPI toolstack ").Append(version)
            .Append("\" \"").Append(volume).Append("\"\n");
        page.Append(".SH NAME\n").Append(Text($"{name} - {summary}")).Append("\n.SH SYNOPSIS\n.nf\n");
        foreach (var line in synopsis)
        {
            page.Append(Text(line)).Append('\n');
        }

        page.Append(".fi\n");
    }

    /// <summary>Paragraphs, then entries of a term and what it means.</summary>
    internal void Section(string title, IReadOnlyCollection<string> paragraphs, IEnumerable<(string Term, string Meaning)> entries)
    {
        page.Append(".SH ").Append(title).Append('\n');
        page.AppendJoin("\n.PP\n", paragraphs.Select(Text)).Append(paragraphs.Count > 0 ? "\n" : "");
        foreach (var (term, meaning) in entries)
        {
            page.Append(".TP\n\\fB").Append(Text(term)).Append("\\fR\n").Append(Text(meaning)).Append('\n');
        }
    }

    public override string ToString() => page.ToString();

    /// <summary>Escapes what roff would take for a command: backslashes, hyphens it might break or replace, a dot or quote that leads a line.</summary>
    private static string Text(string text)
    {
        var escaped = text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
        return escaped.StartsWith('.') || escaped.StartsWith('\'') ? "\\&" + escaped : escaped;
    }
}
