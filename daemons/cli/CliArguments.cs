namespace Toolstack.Cli;

/// <summary>The words of a command: its name, <c>key=value</c> parameters, <c>--flag</c> (the same as <c>flag=true</c>).
/// Raises <see cref="CliUsageError"/>.</summary>
public sealed class CliArguments
{
    /// <summary>Words that steer the printing or the selection; every other parameter may select objects.</summary>
    private static readonly HashSet<string> Steering = ["minimal", "multiple", "params", "progress", "force", "trace", "all", "database"];

    private readonly List<KeyValuePair<string, string>> parameters = [];

    private CliArguments(string command) => Command = command;

    public string Command { get; }

    public IReadOnlyList<KeyValuePair<string, string>> Parameters => parameters;

    public bool Minimal => Flag("minimal");

    public bool Multiple => Flag("multiple");

    /// <summary>Parameters that are left to select objects by their fields.</summary>
    public IEnumerable<KeyValuePair<string, string>> Filters(params string[] used) =>
        parameters.Where(parameter => !Steering.Contains(parameter.Key) && !used.Contains(parameter.Key));

    public static CliArguments Parse(IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        if (words.Count == 0)
        {
            throw new CliUsageError("Syntax error: no command");
        }

        var result = new CliArguments(words[0]);
        foreach (var word in words.Skip(1))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            result.parameters.Add(word switch
            {
                ['-', '-', .. var flag] when equals < 0 => new(flag, "true"),
                ['-', '-', ..] => new(word[2..equals], word[(equals + 1)..]),
                _ when equals > 0 => new(word[..equals], word[(equals + 1)..]),
                _ => new(word, ""),
            });
        }

        return result;
    }

    /// <summary>A parameter that must be there.</summary>
    public string Required(string name) => Find(name) ?? throw new CliUsageError("Required parameter not found: " + name);

    /// <summary>The last value given for a parameter, or null.</summary>
    public string? Find(string name)
    {
        for (var index = parameters.Count - 1; index >= 0; index--)
        {
            if (parameters[index].Key == name)
            {
                return parameters[index].Value;
            }
        }

        return null;
    }

    public string Optional(string name, string absent = "") => Find(name) ?? absent;

    public bool Flag(string name, bool absent = false) => Find(name) is { } text ? ReadBool(name, text) : absent;

    /// <summary>The entries <c>name:key=value</c> of a map.</summary>
    public IEnumerable<KeyValuePair<string, string>> Map(string name) => parameters
        .Where(parameter => parameter.Key.StartsWith(name + ":", StringComparison.Ordinal))
        .Select(parameter => new KeyValuePair<string, string>(parameter.Key[(name.Length + 1)..], parameter.Value));

    internal static bool ReadBool(string name, string text) => text.ToUpperInvariant() switch
    {
        "TRUE" or "T" or "YES" or "Y" or "1" => true,
        "FALSE" or "F" or "NO" or "N" or "0" => false,
        _ => throw new CliUsageError($"Syntax error: {name}={text}: a bool is true or false"),
    };
}
