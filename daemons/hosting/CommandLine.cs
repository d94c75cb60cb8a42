namespace Toolstack.Hosting;

/// <summary>What a daemon was asked to do on its command line.</summary>
internal enum CommandVerb
{
    Run,
    Help,
    Version,
    Wrong,
}

/// <summary>The parsed command line: <c>--config FILE</c>, <c>--config=FILE</c>, <c>--help</c>, <c>--version</c>.</summary>
internal sealed record CommandLine(CommandVerb Verb, string? ConfigFile = null, string? Complaint = null)
{
    internal static CommandLine Parse(IReadOnlyList<string> args)
    {
        string? config = null;
        for (var index = 0; index < args.Count; index++)
        {
            switch (args[index])
            {
                case "--help" or "-h":
                    return new CommandLine(CommandVerb.Help);
                case "--version":
                    return new CommandLine(CommandVerb.Version);
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

        return config is "" ? Wrong("--config needs the name of a file") : new CommandLine(CommandVerb.Run, config);
    }

    private static CommandLine Wrong(string complaint) => new(CommandVerb.Wrong, Complaint: complaint);
}
