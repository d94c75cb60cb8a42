using System.Globalization;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Toolstack.Cli;

namespace Toolstack.Xe;

/// <summary>Where to connect and as whom: <c>-s SERVER -p PORT -u USER -pw PASSWORD -pwf FILE --nossl --verify</c>, then defaults of the environment
/// (<c>XE_EXTRA_ARGS</c>, words separated by commas) and of <c>~/.xe</c> (<c>server=</c>, <c>port=</c>, <c>username=</c>, <c>password=</c>).
/// Without a server, or with localhost and no user, the local host is asked over its Unix socket, where root needs no password; a server that
/// begins with a slash is a Unix socket too.</summary>
internal sealed class XeOptions
{
    private const string LocalSocket = "/var/lib/xcp/xapi";
    private const int HttpsPort = 443;
    private const int HttpPort = 80;

    internal string Server { get; private set; } = LocalSocket;

    internal int? GivenPort { get; private set; }

    internal string User { get; private set; } = "";

    internal string Password { get; private set; } = "";

    /// <summary>Plain HTTP, by <c>--nossl</c> or because port 80 is asked for.</summary>
    internal bool Plain { get; private set; }

    /// <summary>Refuse certificates that no authority this system trusts has signed. Off unless asked for: hosts sign theirs themselves.</summary>
    internal bool Verify { get; private set; }

    internal int Port => GivenPort ?? (Plain ? HttpPort : HttpsPort);

    internal bool IsSocket => Server.StartsWith('/');

    /// <summary>Progress: as asked for, else when the error output is a terminal.</summary>
    internal bool Progress { get; private set; } = !Console.IsErrorRedirected;

    /// <summary>What is left of the command line: the command and its parameters.</summary>
    internal List<string> Words { get; } = [];

    internal static XeOptions Parse(IReadOnlyList<string> args, string? extra, IEnumerable<string> file)
    {
        var options = new XeOptions();
        foreach (var line in file.Select(line => line.Trim()).Where(line => line.Length > 0 && line[0] != '#'))
        {
            options.ReadSetting(line);
        }

        options.ReadWords(extra is null ? [] : extra.Split(',', StringSplitOptions.RemoveEmptyEntries));
        options.Words.Clear();
        options.ReadWords(args);
        if (options is { Server: "localhost" or "127.0.0.1", User: "", GivenPort: null })
        {
            options.Server = LocalSocket;
        }

        return options;
    }

    /// <summary>Whether the server's certificate will do.</summary>
    internal bool Accepts(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        certificate is not null && (!Verify || errors == SslPolicyErrors.None);

    private void ReadSetting(string line)
    {
        var equals = line.IndexOf('=', StringComparison.Ordinal);
        var (name, value) = equals < 0 ? (line, "") : (line[..equals].Trim(), line[(equals + 1)..].Trim());
        switch (name)
        {
            case "server": Server = value; break;
            case "port": SetPort(value); break;
            case "username": User = value; break;
            case "password": Password = value; break;
            default: throw new CliUsageError($"Syntax error: ~/.xe: unknown setting {name}");
        }
    }

    private void ReadWords(IReadOnlyList<string> words)
    {
        for (var index = 0; index < words.Count; index++)
        {
            var word = words[index];
            switch (word)
            {
                case "-s": Server = Next(); break;
                case "-p": SetPort(Next()); break;
                case "-u": User = Next(); break;
                case "-pw": Password = Next(); break;
                case "-pwf": ReadPasswordFile(Next()); break;
                case "--nossl": Plain = true; break;
                case "--verify": Verify = true; break;
                case "--progress": Progress = true; break;
                case "--no-progress": Progress = false; break;
                default: Words.Add(word); break;
            }

            string Next() => ++index < words.Count ? words[index] : throw new CliUsageError($"Syntax error: {word} needs a value");
        }
    }

    private void SetPort(string text)
    {
        GivenPort = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and < 65536
            ? port
            : throw new CliUsageError($"Syntax error: port {text}: allowed is 1 to 65535");
        Plain |= port == HttpPort;
    }

    /// <summary>The user's name on the first line, the password on the second.</summary>
    private void ReadPasswordFile(string file)
    {
        try
        {
            var lines = File.ReadAllLines(file);
            (User, Password) = lines.Length >= 2 ? (lines[0], lines[1]) : throw new CliUsageError($"Syntax error: {file}: a user's name and a password, a line each");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CliUsageError($"Syntax error: {file}: {error.Message}");
        }
    }
}
