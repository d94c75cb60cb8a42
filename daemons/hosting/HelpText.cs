using System.Text;

namespace Toolstack.Hosting;

/// <summary>The text of <c>--help</c>, laid out like a manual page.</summary>
internal static class HelpText
{
    internal static string Write(DaemonDescription description, IReadOnlyList<ConfigKey> keys)
    {
        var text = new StringBuilder();
        text.Append("NAME\n    ").Append(description.Name).Append(" - ").Append(description.Summary).Append("\n\nSYNOPSIS\n");
        foreach (var line in Manual.Synopsis(description))
        {
            text.Append("    ").Append(line).Append('\n');
        }

        foreach (var section in Manual.Sections(description, keys))
        {
            text.Append('\n').Append(section.Title).Append('\n');
            foreach (var paragraph in section.Paragraphs)
            {
                text.Append("    ").Append(paragraph).Append('\n');
            }

            foreach (var (term, meaning) in section.Entries)
            {
                text.Append("    ").Append(term).Append("\n        ").Append(meaning).Append('\n');
            }
        }

        return text.ToString();
    }
}
