namespace Toolstack.Hosting;

/// <summary>The values of a daemon's configuration keys, read once from the file given with <c>--config</c>.
/// The syntax is that of the original daemons' files: <c>key = value</c>, one a line; <c>#</c> starts a comment; blank lines are
/// ignored; a value may stand in single or double quotes (then # and blanks belong to it); the last of several settings wins.</summary>
public sealed class Configuration
{
    private const string DefaultOrigin = "default";

    private readonly Dictionary<ConfigKey, object> values = [];
    private readonly Dictionary<ConfigKey, (string Text, string Origin)> settings = [];

    private Configuration(IReadOnlyList<ConfigKey> keys)
    {
        foreach (var key in keys)
        {
            values.Add(key, key.DefaultValue);
        }
    }

    /// <summary>What the file contains that this daemon does not understand; each text names file and line. Never a reason not to start.</summary>
    public IReadOnlyList<string> Warnings { get; private set; } = [];

    /// <summary>The value of a key the daemon declared. Raises <see cref="ArgumentException"/> for one it did not declare.</summary>
    public T Get<T>(ConfigKey<T> key)
        where T : notnull
    {
        ArgumentNullException.ThrowIfNull(key);
        return values.TryGetValue(key, out var value)
            ? (T)value
            : throw new ArgumentException($"configuration key {key.Name} is not declared by this daemon", nameof(key));
    }

    /// <summary>The value in force as it would stand in the file, and where it comes from: <c>file:line</c> or <c>default</c>.</summary>
    internal (string Text, string Origin) Setting(ConfigKey key) =>
        settings.TryGetValue(key, out var setting) ? setting : (key.DefaultText, DefaultOrigin);

    /// <summary>Every key at its default.</summary>
    public static Configuration Defaults(IReadOnlyList<ConfigKey> keys) => new(keys);

    /// <summary>Reads the file at <paramref name="path"/>. Raises <see cref="ConfigurationException"/> when it cannot be read or holds a wrong value.</summary>
    public static Configuration Load(string path, IReadOnlyList<ConfigKey> keys)
    {
        string[] lines;
        try
        {
            if (new FileInfo(path).Length > HostingLimits.MaxConfigFileBytes)
            {
                throw new ConfigurationException($"{path}: larger than {HostingLimits.MaxConfigFileBytes} bytes");
            }

            lines = File.ReadAllLines(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{path}: cannot be read: {error.Message}");
        }

        return Parse(path, lines, keys);
    }

    /// <summary>Reads the lines of a file; <paramref name="file"/> only names it in messages.</summary>
    public static Configuration Parse(string file, IReadOnlyList<string> lines, IReadOnlyList<ConfigKey> keys)
    {
        var result = new Configuration(keys);
        var byName = ByName(keys);
        var warnings = new List<string>();
        for (var index = 0; index < lines.Count; index++)
        {
            var place = $"{file}:{index + 1}";
            var line = lines[index].AsSpan().Trim();
            if (line.IsEmpty || line[0] == '#')
            {
                continue;
            }

            var equals = line.IndexOf('=');
            if (equals <= 0)
            {
                throw new ConfigurationException($"{place}: not of the form 'key = value'");
            }

            var name = line[..equals].TrimEnd().ToString();
            if (!byName.TryGetValue(name, out var key))
            {
                warnings.Add($"{place}: unknown key {name}, ignored");
                continue;
            }

            var text = ValueText(line[(equals + 1)..], place, name);
            if (!key.TryRead(text, out var value))
            {
                throw new ConfigurationException($"{place}: {name} = {text}: allowed is {key.Allowed}");
            }

            result.values[key] = value;
            result.settings[key] = (text, place);
        }

        result.Warnings = warnings;
        return result;
    }

    private static Dictionary<string, ConfigKey> ByName(IReadOnlyList<ConfigKey> keys)
    {
        var byName = new Dictionary<string, ConfigKey>(StringComparer.Ordinal);
        foreach (var key in keys)
        {
            byName.Add(key.Name, key);
            foreach (var alias in key.Aliases)
            {
                byName.Add(alias, key);
            }
        }

        return byName;
    }

    private static string ValueText(ReadOnlySpan<char> text, string place, string name)
    {
        text = text.TrimStart();
        if (!text.IsEmpty && text[0] is '"' or '\'')
        {
            var end = text[1..].IndexOf(text[0]);
            var rest = end < 0 ? default : text[(end + 2)..].TrimStart();
            if (end < 0 || (!rest.IsEmpty && rest[0] != '#'))
            {
                throw new ConfigurationException($"{place}: {name}: allowed is one value between matching quotes");
            }

            return text.Slice(1, end).ToString();
        }

        var comment = text.IndexOf('#');
        return (comment < 0 ? text : text[..comment]).TrimEnd().ToString();
    }
}
