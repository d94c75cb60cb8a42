namespace Toolstack.Tests.EndToEnd.Confinement;

/// <summary>The [Service] section of a unit, as systemd reads it: the last of several settings holds, but lists add up, and an empty one
/// begins the list anew.</summary>
internal sealed class UnitFile
{
    private static readonly string[] Directories = ["packaging", "systemd"];

    private readonly List<(string Key, string Value)> settings = [];

    internal UnitFile(string name)
    {
        Name = name;
        Path = System.IO.Path.Combine([Repository.Root, .. Directories, name]);
        var section = "";
        foreach (var line in File.ReadLines(Path).Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            if (line[0] == '[')
            {
                section = line;
            }
            else if (section == "[Service]")
            {
                var equals = line.IndexOf('=', StringComparison.Ordinal);
                settings.Add((line[..equals], line[(equals + 1)..]));
            }
        }
    }

    internal string Name { get; }

    internal string Path { get; }

    internal bool Says(string key, string value) => Value(key) == value;

    internal string? Value(string key) => settings.LastOrDefault(setting => setting.Key == key).Value;

    /// <summary>Null when the key does not occur; an empty list when it is set to nothing.</summary>
    internal IReadOnlyList<string>? Words(string key)
    {
        List<string>? words = null;
        foreach (var (_, value) in settings.Where(setting => setting.Key == key))
        {
            var added = value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            words = added.Length == 0 ? [] : [.. words ?? [], .. added];
        }

        return words;
    }

    /// <summary>The lines of SystemCallFilter, each with what it adds or, after ~, takes away.</summary>
    internal IEnumerable<(bool Adds, IReadOnlyList<string> Names)> Filters => settings.Where(setting => setting.Key == "SystemCallFilter")
        .Select(setting => (setting.Value[0] != '~', (IReadOnlyList<string>)setting.Value.TrimStart('~').Split(' ', StringSplitOptions.RemoveEmptyEntries)));
}
