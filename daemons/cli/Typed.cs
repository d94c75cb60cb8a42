using System.Globalization;
using Toolstack.Idl;

namespace Toolstack.Cli;

/// <summary>Makes arguments of XenAPI from what was typed, by the type a message declares. Raises <see cref="CliUsageError"/>.</summary>
internal static class Typed
{
    internal static async Task<Value> ReadAsync(string type, string name, string text, ObjectNames names, CancellationToken cancel)
    {
        if (RecordView.TargetOf(type) is { } target)
        {
            return type.EndsWith(" set", StringComparison.Ordinal)
                ? new Value.Array([.. await Task.WhenAll(Words(text).Select(word => names.FindAsync(target, word, cancel)))])
                : await names.FindAsync(target, text, cancel);
        }

        return type switch
        {
            "int" => new Value.Text(Integer(name, text)),
            "bool" => new Value.Bool(CliArguments.ReadBool(name, text)),
            "float" => new Value.Float(double.TryParse(text, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw new CliUsageError($"Syntax error: {name}={text}: not a number")),
            _ when type.EndsWith(" map", StringComparison.Ordinal) => Map(Pairs(name, text)),
            _ when type.EndsWith(" set", StringComparison.Ordinal) => new Value.Array([.. Words(text).Select(word => new Value.Text(word))]),
            _ => new Value.Text(text),
        };
    }

    internal static Value Map(IEnumerable<KeyValuePair<string, string>> entries) =>
        new Value.Struct([.. entries.Select(entry => new KeyValuePair<string, Value>(entry.Key, new Value.Text(entry.Value)))]);

    /// <summary>A number of bytes: digits, or digits with a unit (<c>8GiB</c>, <c>512MiB</c>).</summary>
    internal static string Integer(string name, string text)
    {
        ReadOnlySpan<(string Unit, int Shift)> units = [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10), ("bytes", 0), ("", 0)];
        foreach (var (unit, shift) in units)
        {
            if (text.EndsWith(unit, StringComparison.OrdinalIgnoreCase)
                && long.TryParse(text[..^unit.Length], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                return (number << shift).ToString(CultureInfo.InvariantCulture);
            }
        }

        throw new CliUsageError($"Syntax error: {name}={text}: not a whole number");
    }

    internal static string[] Words(string text) => text.Split([',', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static IEnumerable<KeyValuePair<string, string>> Pairs(string name, string text) => Words(text).Select(word =>
        word.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals
            ? new KeyValuePair<string, string>(word[..equals], word[(equals + 1)..])
            : throw new CliUsageError($"Syntax error: {name}: a map is given as {name}:key=value"));
}
