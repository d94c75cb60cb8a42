using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Toolstack.Hosting;

namespace Toolstack.Xapi.Bugtool;

/// <summary><c>--bugtool</c>: what whoever looks into a fault asks for first, in one archive, without secrets. Each part is independent of the
/// others: one that cannot be had is named in the file <c>problems</c>.</summary>
internal sealed class BugReport
{
    private const int MaxLogBytes = 16 * 1024 * 1024;

    private static readonly string[] Daemons = ["message-switch", "xen-simulator", "xenopsd", "xapi"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string configuration;
    private readonly Redactor redactor = new();
    private readonly List<(string Name, string Text)> parts = [];
    private readonly StringBuilder problems = new();

    private BugReport(string configuration) => this.configuration = configuration;

    /// <summary>Gives the exit status: 0 when there is an archive, 1 when it could not be written, 2 for wrong usage.</summary>
    internal static async Task<int> RunAsync(string[] arguments)
    {
        string output = string.Create(CultureInfo.InvariantCulture, $"bugtool-{DateTime.UtcNow:yyyyMMdd-HHmmss}.tar.gz");
        string configuration = "/etc";
        for (int i = 0; i < arguments.Length; i += 2)
        {
            switch (arguments[i])
            {
                case "--output" when i + 1 < arguments.Length: output = arguments[i + 1]; break;
                case "--config" when i + 1 < arguments.Length: configuration = arguments[i + 1]; break;
                default:
                    await Console.Error.WriteLineAsync($"xapi: --bugtool does not take {arguments[i]}; see xapi --help").ConfigureAwait(false);
                    return 2;
            }
        }

        try
        {
            var report = new BugReport(configuration);
            await report.CollectAsync().ConfigureAwait(false);
            ReportArchive.Write(output, report.Cleaned());
            await Console.Out.WriteLineAsync(output).ConfigureAwait(false);
            return 0;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync($"xapi: {error.Message}").ConfigureAwait(false);
            return 1;
        }
    }

    private async Task CollectAsync()
    {
        LearnFile(Setting("xapi", Pool.PoolSettings.SecretFile));
        LearnFile(Setting("xapi", Settings.PasswordFile));

        Machine();
        await ProgramsAsync().ConfigureAwait(false);
        foreach (string daemon in Daemons)
        {
            await DaemonAsync(daemon).ConfigureAwait(false);
        }

        Tail("logs/audit.log", Setting("xapi", Settings.AuditLog));
        Tail("logs/host.log", Setting("xapi", Settings.HostLog));
        await DatabaseAsync(Setting("xapi", Settings.UnixSocket)).ConfigureAwait(false);
    }

    /// <summary>Every part, after all of them were searched for secrets.</summary>
    private IEnumerable<(string Name, string Text)> Cleaned()
    {
        foreach ((string name, string text) in parts.Where(static part => !part.Name.StartsWith("logs/", StringComparison.Ordinal)))
        {
            redactor.Learn(text);
        }

        return [.. parts.Append(("problems", problems.ToString())).Select(part => (part.Item1, redactor.Clean(part.Item2)))];
    }

    private void Machine()
    {
        foreach (string file in (string[])["/etc/os-release", "/proc/version", "/proc/meminfo", "/proc/uptime", "/proc/loadavg", "/proc/mounts", "/proc/net/dev"])
        {
            Try($"system/{Path.GetFileName(file)}", () => File.ReadAllText(file));
        }

        parts.Add(("system/report", $"xapi {Daemon.Version}\n{DateTime.UtcNow:O}\n"));
    }

    private async Task ProgramsAsync()
    {
        await RunAsync("system/df", "df", "-hT").ConfigureAwait(false);
        await RunAsync("system/units", "systemctl", ["status", "--no-pager", "--lines=0", "toolstack.target", .. Daemons.Select(static d => d + ".service")]).ConfigureAwait(false);
        await RunAsync("logs/journal", "journalctl", ["--no-pager", "--output=short-iso-precise", "--lines=20000", .. Daemons.Select(static d => "--unit=" + d)]).ConfigureAwait(false);
        await RunAsync("switch/queues", Beside("switch-cli"), "--socket", Setting("message-switch", Settings.SwitchPath), "list").ConfigureAwait(false);
    }

    private async Task DaemonAsync(string daemon)
    {
        string file = FileOf(daemon);
        Try($"{daemon}/{daemon}.conf", () => File.ReadAllText(file));
        if (File.Exists(file))
        {
            await RunAsync($"{daemon}/effective.conf", Beside(daemon), "--config", file, "--print-config").ConfigureAwait(false);
        }

        if (Setting(daemon, CommonKeys.MetricsPath) is { Length: > 0 } path)
        {
            await TryAsync($"{daemon}/metrics", () => MetricsAsync(path)).ConfigureAwait(false);
        }

        // The kernel cuts names after 15 characters.
        foreach (Process process in Process.GetProcessesByName(daemon.Length > 15 ? daemon[..15] : daemon))
        {
            using (process)
            {
                foreach (string what in (string[])["status", "smaps_rollup", "limits"])
                {
                    Try($"{daemon}/{process.Id}/{what}", () => File.ReadAllText($"/proc/{process.Id}/{what}"));
                }
            }
        }
    }

    private Task DatabaseAsync(string socket) => TryAsync("xapi/state.db", async () =>
    {
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) => new NetworkStream(await ConnectAsync(socket, cancel).ConfigureAwait(false), ownsSocket: true),
            ActivityHeadersPropagator = null,
        };
        using var http = new HttpMessageInvoker(handler);
        using var limit = new CancellationTokenSource(Patience);
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("http://localhost" + Http.DatabaseDumpEndpoint.Path));
        using HttpResponseMessage response = await http.SendAsync(request, limit.Token).ConfigureAwait(false);
        string text = await response.Content.ReadAsStringAsync(limit.Token).ConfigureAwait(false);
        return response.IsSuccessStatusCode ? text.Replace("/><row", "/>\n<row", StringComparison.Ordinal)
            : throw new IOException($"xapi answered {(int)response.StatusCode}: on a member the coordinator has the database");
    });

    private static async Task<string> MetricsAsync(string path)
    {
        using var limit = new CancellationTokenSource(Patience);
        using Socket socket = await ConnectAsync(path, limit.Token).ConfigureAwait(false);
        await socket.SendAsync("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), SocketFlags.None, limit.Token).ConfigureAwait(false);
        using var reader = new StreamReader(new NetworkStream(socket));
        return await reader.ReadToEndAsync(limit.Token).ConfigureAwait(false);
    }

    private static async Task<Socket> ConnectAsync(string path, CancellationToken cancel)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel).ConfigureAwait(false);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private Task RunAsync(string name, string program, params string[] arguments) => TryAsync(name, async () =>
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start) ?? throw new IOException($"{program} did not start");
        using var limit = new CancellationTokenSource(Patience);
        try
        {
            Task<string> errors = process.StandardError.ReadToEndAsync(limit.Token);
            string output = await process.StandardOutput.ReadToEndAsync(limit.Token).ConfigureAwait(false);
            return output + await errors.ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new IOException($"{program} did not end within {Patience.TotalSeconds} s");
        }
    });

    private void Tail(string name, string path)
    {
        if (path.Length == 0 || !File.Exists(path))
        {
            return;
        }

        Try(name, () =>
        {
            using FileStream file = File.OpenRead(path);
            file.Seek(-Math.Min(file.Length, MaxLogBytes), SeekOrigin.End);
            using var reader = new StreamReader(file);
            return reader.ReadToEnd();
        });
    }

    private string FileOf(string daemon) => Path.Combine(configuration, daemon + ".conf");

    /// <summary>What a daemon's file says of one key, whatever else is wrong with it; the default where it says nothing.</summary>
    private string Setting(string daemon, ConfigKey<string> key)
    {
        string file = FileOf(daemon);
        string[] lines = File.Exists(file) ? File.ReadAllLines(file) : [];
        try
        {
            return Configuration.Parse(file, [.. lines.Where(line => line.Split('=')[0].Trim() == key.Name)], [key]).Get(key);
        }
        catch (ConfigurationException error)
        {
            Missing($"{daemon}/{key.Name}", error);
            return Configuration.Defaults([key]).Get(key);
        }
    }

    private void LearnFile(string path)
    {
        if (path.Length > 0 && File.Exists(path))
        {
            foreach (string line in File.ReadAllLines(path))
            {
                redactor.Add(line);
            }
        }
    }

    private void Try(string name, Func<string> read)
    {
        try
        {
            parts.Add((name, read()));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Missing(name, error);
        }
    }

    private async Task TryAsync(string name, Func<Task<string>> read)
    {
        try
        {
            parts.Add((name, await read().ConfigureAwait(false)));
        }
        catch (Exception error) when (error is IOException or SocketException or HttpRequestException or OperationCanceledException
            or System.ComponentModel.Win32Exception)
        {
            Missing(name, error);
        }
    }

    private void Missing(string name, Exception error) => problems.Append(CultureInfo.InvariantCulture, $"{name}: {error.Message}\n");

    private static string Beside(string program) => Path.Combine(Path.GetDirectoryName(Environment.ProcessPath) ?? "/usr/sbin", program) is var path && File.Exists(path)
        ? path : program;
}
