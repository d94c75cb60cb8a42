using System.Text;

namespace Toolstack.Hosting;

/// <summary>The text of <c>--print-config</c>: a configuration file that says the same as the one that was read, each line with its origin.</summary>
internal static class EffectiveConfig
{
    internal static string Write(Configuration configuration, IReadOnlyList<ConfigKey> keys)
    {
        var lines = keys.Select(key => (key.Name, Setting: configuration.Setting(key)))
            .Select(row => (Text: Line(row.Name, row.Setting.Text), row.Setting.Origin))
            .ToList();
        var width = lines.Max(line => line.Text.Length);
        var text = new StringBuilder();
        foreach (var line in lines)
        {
            text.Append(line.Text.PadRight(width)).Append("  # ").Append(line.Origin).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>A setting as a line of a file.</summary>
    internal static string Line(string name, string value) => $"{name} = {Quoted(value)}".TrimEnd();

    /// <summary>Quoted where a reader would otherwise take a part of the value for something else.</summary>
    private static string Quoted(string text)
    {
        var plain = text.Length == 0 || (text == text.Trim() && !text.Contains('#') && text[0] is not ('"' or '\''));
        return plain ? text : text.Contains('"') ? $"'{text}'" : $"\"{text}\"";
    }
}
