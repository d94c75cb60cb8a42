using System.Collections.Immutable;

namespace Toolstack.Cli;

/// <summary>What one run of a command has at hand.</summary>
internal sealed record CliContext(ICliSession Session, ICliTerminal Terminal, CliArguments Arguments, ObjectNames Names)
{
    internal Task PrintAsync(string text, CancellationToken cancel) => Terminal.PrintAsync(text, cancel);
}

internal delegate Task CliAction(CliContext context, CancellationToken cancel);

/// <summary>A command: its name, the parameters it needs and takes, one sentence, and what it does.</summary>
internal sealed record CliCommand(string Name, ImmutableArray<string> Required, ImmutableArray<string> Optional, string Help, CliAction Run)
{
    /// <summary>It is about the host that is asked, which answers it without its pool: the session is one of that host alone.</summary>
    internal bool IsOfOneHost { get; init; }
}
