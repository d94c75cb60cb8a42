using System.Globalization;
using Toolstack.Hosting.Switch;

namespace Toolstack.SwitchCli;

/// <summary>The command line: <c>switch-cli [--socket PATH] [--timeout SECONDS] COMMAND [ARGUMENT...]</c>.</summary>
internal sealed record Arguments(string Socket, TimeSpan Timeout, string Command, IReadOnlyList<string> Rest)
{
    internal const string Help = $"""
        NAME
            switch-cli - looks into the message switch and uses it

        SYNOPSIS
            switch-cli [--socket PATH] [--timeout SECONDS] COMMAND [ARGUMENT...]

        COMMANDS
            list [PREFIX]            Queues with their consumers, waiting and taken messages.
            alive [PREFIX]           The same, only those that somebody consumes.
            watch [PREFIX]           The same, drawn anew every second until interrupted.
            diagnostics              Everything the switch holds, as JSON.
            tail                     Every message and acknowledgement as it passes, until interrupted.
            sequence                 The same as a message sequence chart (mscgen), printed when interrupted or after --timeout.
            call QUEUE [PAYLOAD]     Sends a request and prints its reply; without PAYLOAD it is read from standard input.
            serve QUEUE [COMMAND...] Answers requests: with what COMMAND prints when given the request, or with the request itself.
            destroy QUEUE            Removes a queue with its messages.
            shutdown                 Stops the switch; only for root.

        OPTIONS
            --socket PATH            The switch's socket (default: {SwitchOptions.DefaultPath}).
            --timeout SECONDS        The deadline of call (default: 30); how long tail and sequence run (default: until interrupted).
            --repeatable             A call may run twice: it is sent again when the switch is restarted meanwhile.
            --help                   Print this text and exit.

        EXIT STATUS
            0 done or interrupted, 1 failed, 2 wrong usage.

        """;

    /// <summary>Whether --timeout was given.</summary>
    internal bool Limited { get; private init; }

    /// <summary>Whether --repeatable was given.</summary>
    internal bool Repeatable { get; private init; }

    /// <summary>Raises <see cref="UsageException"/>.</summary>
    internal static Arguments Parse(IReadOnlyList<string> args)
    {
        var (socket, timeout, limited, repeatable, index) = (SwitchOptions.DefaultPath, 30.0, false, false, 0);
        for (; index < args.Count && args[index].StartsWith("--", StringComparison.Ordinal); index += 2)
        {
            if (args[index] == "--repeatable")
            {
                (repeatable, index) = (true, index - 1);
                continue;
            }

            var value = index + 1 < args.Count ? args[index + 1] : throw new UsageException($"{args[index]} needs a value");
            switch (args[index])
            {
                case "--socket":
                    socket = value;
                    break;
                case "--timeout" when double.TryParse(value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out timeout)
                    && timeout is > 0 and <= 86_400:
                    limited = true;
                    break;
                case "--timeout":
                    throw new UsageException("--timeout needs a number of seconds up to 86400");
                default:
                    throw new UsageException($"unknown option {args[index]}");
            }
        }

        return index < args.Count
            ? new Arguments(socket, TimeSpan.FromSeconds(timeout), args[index], [.. args.Skip(index + 1)]) { Limited = limited, Repeatable = repeatable }
            : throw new UsageException("a command is missing");
    }

    /// <summary>One argument of the command. Raises <see cref="UsageException"/> when it is missing.</summary>
    internal string Need(int index, string what) => index < Rest.Count ? Rest[index] : throw new UsageException($"{Command} needs {what}");
}

/// <summary>A command line that means nothing.</summary>
internal sealed class UsageException(string message) : Exception(message);
