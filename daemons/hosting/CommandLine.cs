namespace Toolstack.Hosting;

/// <summary>What a daemon was asked to do on its command line.</summary>
internal enum CommandVerb
{
    Run,
    Help,
    HelpAsManual,
    HelpAsFileManual,
    HelpAsConfiguration,
    Version,
    PrintConfig,
    Wrong,
}

/// <summary>The parsed command line: <c>--config FILE</c>, <c>--config=FILE</c>, <c>--print-config</c>, <c>--help[=man|=man5|=conf]</c>, <c>--version</c>.</summary>
internal sealed record CommandLine(CommandVerb Verb, string? ConfigFile = null, string? Complaint = null)
{
    internal static CommandLine Parse(IReadOnlyList<string> args)
    {
        string? config = null;
        var verb = CommandVerb.Run;
        for (var index = 0; index < args.Count; index++)
        {
            switch (args[index])
            {
                case "--help" or "-h":
                    return new CommandLine(CommandVerb.Help);
                case "--help=man":
                    return new CommandLine(CommandVerb.HelpAsManual);
                case "--help=man5":
                    return new CommandLine(CommandVerb.HelpAsFileManual);
                case "--help=conf":
                    return new CommandLine(CommandVerb.HelpAsConfiguration);
                case "--version":
                    return new CommandLine(CommandVerb.Version);
                case "--print-config":
                    verb = CommandVerb.PrintConfig;
                    break;
                case "--config" when index + 1 < args.Count:
                    config = args[++index];
                    break;
                case "--config":
                    return Wrong("--config needs the name of a file");
                case var other when other.StartsWith("--config=", StringComparison.Ordinal):
                    config = other["--config=".Length..];
                    break;
                case var other:
                    return Wrong($"unknown argument {other}");
            }
        }

        return config is "" ? Wrong("--config needs the name of a file") : new CommandLine(verb, config);
    }

    private static CommandLine Wrong(string complaint) => new(CommandVerb.Wrong, Complaint: complaint);
}
