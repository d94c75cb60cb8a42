namespace Toolstack.Hosting;

/// <summary>The manual pages of a daemon: <c>--help=man</c> is that of the daemon (section 8), <c>--help=man5</c> that of its configuration file.</summary>
internal static class ManualPage
{
    internal static string Write(DaemonDescription description, IReadOnlyList<ConfigKey> keys)
    {
        var page = new RoffPage(description.Name, 8, description.Summary, Daemon.Version, Manual.Synopsis(description));
        foreach (var section in Manual.Sections(description, keys))
        {
            page.Section(section.Title, section.Paragraphs, section.Entries);
        }

        return page.ToString();
    }

    internal static string WriteOfFile(DaemonDescription description, IReadOnlyList<ConfigKey> keys)
    {
        var file = $"{description.Name}.conf";
        var page = new RoffPage(file, 5, $"configuration of {description.Name}", Daemon.Version, [$"/etc/{file}"]);
        page.Section("DESCRIPTION", [$"What {description.Name}(8) reads when it starts. {Manual.Syntax}", Manual.SyntaxInFull], []);
        page.Section("KEYS", [], Manual.Keys(keys));
        page.Section("SEE ALSO", [$"{description.Name}(8)"], []);
        return page.ToString();
    }
}
