namespace Toolstack.Hosting;

/// <summary>The manual of a daemon as data, so that <c>--help</c> and its manual page say the same.</summary>
internal static class Manual
{
    internal const string Syntax =
        "One 'key = value' a line; '#' starts a comment; unknown keys are ignored with a warning; a wrong value stops the start.";

    internal const string SyntaxInFull =
        "A value may stand in single or double quotes, then '#' and blanks belong to it. The last of several settings of a key wins. Warnings "
        + "and refusals name the file and the line. --print-config shows what is in force and where it was set.";

    internal static IEnumerable<(string Term, string Meaning)> Keys(IReadOnlyList<ConfigKey> keys) =>
        keys.Select(key => (Head(key), $"{key.Help} Allowed is {key.Allowed}."));

    internal static IReadOnlyList<string> Synopsis(DaemonDescription description) =>
    [
        $"{description.Name} [--config FILE] [--print-config]",
        string.Join(" | ", description.Modes.Select(mode => mode.Option).Prepend("--version").Prepend($"{description.Name} --help[=man|=man5|=conf]")),
    ];

    internal static IEnumerable<ManualSection> Sections(DaemonDescription description, IReadOnlyList<ConfigKey> keys)
    {
        foreach (var section in description.Sections.Where(section => section.Title == "DESCRIPTION"))
        {
            yield return section;
        }

        yield return new ManualSection("OPTIONS")
        {
            Entries =
            [
                ("--config FILE", "Read configuration from FILE; without it every key has its default."),
                ("--print-config", "Print every key with the value in force and where it was set, then exit."),
                ("--help", "Print this text and exit; --help=man prints it as a manual page, --help=man5 as that of the configuration file, --help=conf as such a file."),
                ("--version", "Print the version and the build id of the executable, which debug information is found by, and exit."),
                .. description.Modes,
            ],
        };
        yield return new ManualSection("CONFIGURATION", Syntax) { Entries = [.. Keys(keys)] };
        foreach (var section in description.Sections.Where(section => section.Title != "DESCRIPTION"))
        {
            yield return section;
        }

        yield return new ManualSection(
            "SIGNALS", "SIGTERM and SIGINT stop the daemon cleanly. It tells the service manager when it is ready and feeds its watchdog.");
        yield return new ManualSection("EXIT STATUS")
        {
            Entries =
            [
                ("0", "Stopped by SIGTERM or SIGINT."),
                ("1", "Failed; the last log line says why."),
                ("2", "Wrong usage or configuration."),
            ],
        };
        if (description.SeeAlso.Count > 0)
        {
            yield return new ManualSection("SEE ALSO", string.Join(", ", description.SeeAlso));
        }
    }

    private static string Head(ConfigKey key)
    {
        var value = key.DefaultText.Length == 0 ? "empty" : key.DefaultText;
        return $"{string.Join(", ", key.Aliases.Prepend(key.Name))} (default: {value})";
    }
}
