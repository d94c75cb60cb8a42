
namespace Toolstack.Cli;

/// <summary>What may come next on a command line, for shells: commands, their parameters, values that the datamodel fixes.</summary>
public static class Completion
{
    /// <summary>Every word that can stand where <paramref name="words"/> ends (its last word is begun, maybe empty).</summary>
    public static IEnumerable<string> Of(IReadOnlyList<string> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        var begun = words.Count == 0 ? "" : words[^1];
        IEnumerable<string> candidates = words.Count <= 1 ? CommandTable.All.Select(command => command.Name)
            : words[0] == "help" ? CommandTable.All.Select(command => command.Name)
            : CommandTable.Find(words[0]) is { } command ? Parameters(command, begun)
            : [];
        return candidates.Where(candidate => candidate.StartsWith(begun, StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal);
    }

    private static IEnumerable<string> Parameters(CliCommand command, string begun)
    {
        var kind = DerivedCommands.Kinds.Where(candidate => command.Name.StartsWith(candidate.Word + "-", StringComparison.Ordinal))
            .MaxBy(candidate => candidate.Word.Length);
        var fields = kind is null ? [] : RecordView.Of(kind.Class).Fields.Select(field => field.Name).ToArray();
        foreach (var word in command.Required.Concat(command.Optional))
        {
            switch (word)
            {
                case "<field>":
                    foreach (var field in fields)
                    {
                        yield return field + "=";
                    }

                    break;
                case "param-name" or "params" when begun.StartsWith(word + "=", StringComparison.Ordinal):
                    foreach (var field in fields)
                    {
                        yield return $"{word}={field}";
                    }

                    break;
                case "class" when begun.StartsWith("class=", StringComparison.Ordinal):
                    foreach (var listed in DerivedCommands.Kinds)
                    {
                        yield return "class=" + listed.Word;
                    }

                    break;
                case ['<', ..]:
                    break;
                default:
                    yield return word + "=";
                    break;
            }
        }

        yield return "--minimal";
        yield return "--multiple";
    }
}
