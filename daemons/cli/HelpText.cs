using System.Text;

namespace Toolstack.Cli;

/// <summary>The answer to <c>help</c>: all commands, or what one of them needs and takes.</summary>
internal static class HelpText
{
    private const int Width = 80;

    internal static async Task RunAsync(CliContext context, CancellationToken cancel)
    {
        var names = context.Arguments.Parameters.Where(parameter => parameter.Key is not "minimal").Select(parameter => parameter.Key).ToArray();
        if (names is [])
        {
            await context.PrintAsync(Overview(), cancel);
        }

        foreach (var name in names.Where(name => name is not "all"))
        {
            await context.PrintAsync(One(CommandTable.Find(name) ?? throw new CliUsageError("Unknown command: " + name)), cancel);
        }

        if (names.Contains("all"))
        {
            await context.PrintAsync(context.Arguments.Minimal
                ? RecordText.Minimal(CommandTable.All.Select(command => command.Name))
                : Columns(CommandTable.All.Select(command => command.Name)), cancel);
        }
    }

    internal static string One(CliCommand command)
    {
        var text = new StringBuilder();
        text.Append("command name            : ").Append(command.Name).Append('\n');
        text.Append("        reqd params     : ").AppendJoin(", ", command.Required).Append('\n');
        text.Append("        optional params : ").AppendJoin(", ", command.Optional).Append('\n');
        text.Append("        description     : ").Append(command.Help).Append('\n');
        return text.ToString();
    }

    internal static string Overview()
    {
        var derived = DerivedCommands.All.Select(command => command.Name).ToHashSet();
        var text = new StringBuilder();
        text.Append("Usage: xe COMMAND [name=value ...] [--flag ...] [-s SERVER] [-p PORT] [-u USER] [-pw PASSWORD] [-pwf FILE]\n\n");
        foreach (var (term, meaning) in CliManual.Options)
        {
            text.Append("    ").Append(term).Append("\n        ").Append(meaning).Append('\n');
        }

        text.Append("\n'xe help COMMAND' says what one command takes, 'xe help --all' lists every command.\n\nCommands:\n");
        text.Append(Columns(CommandTable.All.Select(command => command.Name).Where(name => !derived.Contains(name))));
        text.Append("\nEach of these has CLASS-list, CLASS-param-list, -get, -set, -add, -remove, -clear:\n");
        text.Append(Columns(DerivedCommands.Kinds.Select(kind => kind.Word).Order(StringComparer.Ordinal)));
        return text.ToString();
    }

    private static string Columns(IEnumerable<string> words)
    {
        var text = new StringBuilder();
        var line = 0;
        foreach (var word in words)
        {
            if (line > 0 && line + word.Length + 2 > Width)
            {
                text.Append('\n');
                line = 0;
            }

            text.Append(line == 0 ? "    " : "  ").Append(word);
            line += word.Length + (line == 0 ? 4 : 2);
        }

        return text.Append('\n').ToString();
    }
}
