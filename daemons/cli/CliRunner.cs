using Toolstack.Idl;

namespace Toolstack.Cli;

/// <summary>Runs one command against an open session and says how it ended, in the words of the original command line.</summary>
public static class CliRunner
{
    private const int Ok = 0;
    private const int Failure = 1;

    /// <summary>Commands that need no session.</summary>
    public static bool IsLocal(CliArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return arguments.Command == "help";
    }

    /// <summary>Commands whose session is one of the host that is asked (session.slave_local_login_with_password, ended by session.local_logout):
    /// it has no pool to ask.</summary>
    public static bool IsOfOneHost(CliArguments arguments)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        return CommandTable.Find(arguments.Command) is { IsOfOneHost: true };
    }

    /// <summary>The exit status: 0 done, 1 failed; errors have been printed. <paramref name="session"/> may be null for local commands.</summary>
    public static async Task<int> RunAsync(CliArguments arguments, ICliSession? session, ICliTerminal terminal, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(terminal);
        var open = session ?? NoSession.Instance;
        try
        {
            var command = CommandTable.Find(arguments.Command) ?? throw new CliUsageError("Unknown command: " + arguments.Command);
            foreach (var required in command.Required)
            {
                arguments.Required(required);
            }

            await command.Run(new CliContext(open, terminal, arguments, new ObjectNames(open)), cancel);
            return Ok;
        }
        catch (CliUsageError wrong)
        {
            await terminal.ErrorAsync($"{wrong.Message}\nFor usage run: 'xe help'\n", cancel);
        }
        catch (CliFileError error)
        {
            await terminal.ErrorAsync(error.Message + "\n", cancel);
        }
        catch (XenApiError error)
        {
            await terminal.ErrorAsync(await ErrorText.OfAsync(error, new ObjectNames(open), cancel), cancel);
        }
        catch (ValueFormatException error)
        {
            await terminal.ErrorAsync($"The server's answer is not understood: {error.Message}\n", cancel);
        }

        return Failure;
    }

    private sealed class NoSession : ICliSession
    {
        internal static readonly NoSession Instance = new();

        public Task<Value> CallAsync(string method, CancellationToken cancel, params System.Collections.Immutable.ImmutableArray<Value> arguments) =>
            throw new CliUsageError("This command needs a server");

        public string HandlerUrl(string pathAndQuery) => throw new CliUsageError("This command needs a server");
    }
}
