using System.Text;

namespace Toolstack.Hosting;

/// <summary>The text of <c>--help</c>, laid out like a manual page.</summary>
internal static class HelpText
{
    internal static string Write(DaemonDescription description, IReadOnlyList<ConfigKey> keys)
    {
        var text = new StringBuilder();
        text.Append("NAME\n    ").Append(description.Name).Append(" - ").Append(description.Summary).Append("\n\n");
        text.Append("SYNOPSIS\n    ").Append(description.Name).Append(" [--config FILE]\n    ");
        text.Append(description.Name).Append(" --help | --version");
        foreach (var (option, _) in description.Modes)
        {
            text.Append(" | ").Append(option);
        }

        text.Append("\n\n");
        text.Append("OPTIONS\n");
        Entry(text, "--config FILE", "Read configuration from FILE; without it every key has its default.");
        Entry(text, "--help", "Print this text and exit.");
        Entry(text, "--version", "Print the version and exit.");
        foreach (var (option, help) in description.Modes)
        {
            Entry(text, option, help);
        }

        text.Append("\nCONFIGURATION\n    One 'key = value' a line; '#' starts a comment; unknown keys are ignored with a warning.\n\n");
        foreach (var key in keys)
        {
            var value = key.DefaultText.Length == 0 ? "empty" : key.DefaultText;
            var names = string.Join(", ", key.Aliases.Prepend(key.Name));
            Entry(text, $"{names} (default: {value})", $"{key.Help} Allowed is {key.Allowed}.");
        }

        text.Append("\nEXIT STATUS\n");
        Entry(text, "0", "Stopped by SIGTERM or SIGINT.");
        Entry(text, "1", "Failed; the last log line says why.");
        Entry(text, "2", "Wrong usage or configuration.");
        return text.ToString();
    }

    private static void Entry(StringBuilder text, string head, string body) =>
        text.Append("    ").Append(head).Append("\n        ").Append(body).Append('\n');
}
