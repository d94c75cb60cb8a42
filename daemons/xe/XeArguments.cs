using System.Globalization;

namespace Toolstack.Xe;

/// <summary>The command line: <c>xe [-s SERVER] [-p PORT] [-u USER] [-pw PASSWORD] COMMAND [name=value ...] [--minimal] [--multiple]</c>.
/// Without a server the local host is asked over its Unix socket; a server that begins with a slash is a Unix socket too.</summary>
internal sealed class XeArguments
{
    private const string LocalSocket = "/var/lib/xcp/xapi";

    private readonly Dictionary<string, string> parameters = new(StringComparer.Ordinal);

    internal string Server { get; private set; } = LocalSocket;

    internal int Port { get; private set; } = 80;

    internal string User { get; private set; } = "";

    internal string Password { get; private set; } = "";

    internal string Command { get; private set; } = "";

    internal bool Minimal { get; private set; }

    internal bool Multiple { get; private set; }

    internal IReadOnlyDictionary<string, string> Parameters => parameters;

    internal static XeArguments Parse(IReadOnlyList<string> args)
    {
        var result = new XeArguments();
        for (var index = 0; index < args.Count; index++)
        {
            var argument = args[index];
            switch (argument)
            {
                case "-s": result.Server = Next(); break;
                case "-p": result.Port = ParsePort(Next()); break;
                case "-u": result.User = Next(); break;
                case "-pw": result.Password = Next(); break;
                case "--minimal": result.Minimal = true; break;
                case "--multiple": result.Multiple = true; break;
                case "--force": result.parameters["force"] = "true"; break;
                case "--live": result.parameters["live"] = "true"; break;
                default: result.Word(argument); break;
            }

            string Next() => ++index < args.Count ? args[index] : throw new UsageException(argument + " needs a value");
        }

        return result.Command.Length > 0 ? result : throw new UsageException("no command");
    }

    /// <summary>A parameter that must be there.</summary>
    internal string Required(string name) => Parameters.TryGetValue(name, out var value) ? value : throw new UsageException($"{Command} needs {name}=");

    internal string Optional(string name, string absent = "") => Parameters.GetValueOrDefault(name, absent);

    internal bool Flag(string name) => Optional(name, "false") switch
    {
        "true" or "yes" or "1" => true,
        "false" or "no" or "0" => false,
        var other => throw new UsageException($"{name}={other}: allowed is true or false"),
    };

    private void Word(string argument)
    {
        var equals = argument.IndexOf('=', StringComparison.Ordinal);
        if (equals > 0)
        {
            parameters[argument[..equals]] = argument[(equals + 1)..];
        }
        else if (argument.StartsWith('-') || Command.Length > 0)
        {
            throw new UsageException("unknown argument " + argument);
        }
        else
        {
            Command = argument;
        }
    }

    private static int ParsePort(string text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new UsageException($"-p {text}: allowed is a port number");
}
