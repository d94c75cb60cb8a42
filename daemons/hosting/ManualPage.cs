using System.Text;

namespace Toolstack.Hosting;

/// <summary>The text of <c>--help=man</c>: the manual as a page of section 8, in man(7) macros.</summary>
internal static class ManualPage
{
    internal static string Write(DaemonDescription description, IReadOnlyList<ConfigKey> keys)
    {
        var page = new StringBuilder();
        page.Append(".TH ").Append(description.Name.ToUpperInvariant()).Append(" 8 \"\" \"XAPI toolstack ").Append(Daemon.Version)
            .Append("\" \"System administration\"\n");
        page.Append(".SH NAME\n").Append(Text($"{description.Name} - {description.Summary}")).Append("\n.SH SYNOPSIS\n.nf\n");
        foreach (var line in Manual.Synopsis(description))
        {
            page.Append(Text(line)).Append('\n');
        }

        page.Append(".fi\n");
        foreach (var section in Manual.Sections(description, keys))
        {
            page.Append(".SH ").Append(section.Title).Append('\n');
            page.AppendJoin("\n.PP\n", section.Paragraphs.Select(Text)).Append(section.Paragraphs.Length > 0 ? "\n" : "");
            foreach (var (term, meaning) in section.Entries)
            {
                page.Append(".TP\n\\fB").Append(Text(term)).Append("\\fR\n").Append(Text(meaning)).Append('\n');
            }
        }

        return page.ToString();
    }

    /// <summary>Escapes what roff would take for a command: backslashes, hyphens it might break or replace, a dot or quote that leads a line.</summary>
    private static string Text(string text)
    {
        var escaped = text.Replace("\\", "\\e", StringComparison.Ordinal).Replace("-", "\\-", StringComparison.Ordinal);
        return escaped.StartsWith('.') || escaped.StartsWith('\'') ? "\\&" + escaped : escaped;
    }
}
