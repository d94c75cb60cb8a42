using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.EndToEnd.Pool;
using Toolstack.Hosting.Switch;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Switch;

/// <summary>A switch by itself, of the native executable, and the processes that use it; everything is gone when it is disposed.</summary>
internal sealed class SwitchUnderTest : IAsyncDisposable
{
    /// <summary>How long a test waits for something that must happen; never asserted upon.</summary>
    internal static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("switch-native");
    private readonly List<Process> helpers = [];
    private Process? process;

    internal SwitchUnderTest(string configuration = "") =>
        File.WriteAllText(PathOf("conf"), $"switch-path = {Socket}\nlog-level = warning\n{configuration}\n");

    internal string Socket => PathOf("sock");

    internal int Pid => process!.Id;

    internal string PathOf(string name) => Path.Combine(directory.FullName, name);

    /// <summary>Starts the switch and waits until it listens.</summary>
    internal async Task StartAsync()
    {
        process = Start("message-switch", ["--config", PathOf("conf")], helper: false);
        await EventuallyAsync(async () =>
        {
            using var probe = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await probe.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
                return true;
            }
            catch (SocketException)
            {
                Assert.False(process.HasExited, "the switch ended");
                return false;
            }
        });
    }

    /// <summary>kill -9.</summary>
    internal async Task KillAsync()
    {
        process!.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        process = null;
    }

    /// <summary>Starts switch-cli; it is killed at the end if it still runs.</summary>
    internal Process Cli(params string[] arguments) => Start("switch-cli", ["--socket", Socket, .. arguments], helper: true);

    /// <summary>Runs switch-cli to its end.</summary>
    internal async Task<(int Status, string Output, string Error)> RunCliAsync(params string[] arguments)
    {
        var cli = Cli(arguments);
        var (output, error) = (cli.StandardOutput.ReadToEndAsync(), cli.StandardError.ReadToEndAsync());
        await cli.WaitForExitAsync().WaitAsync(Patience);
        return (cli.ExitCode, await output, await error);
    }

    /// <summary>A server that notes each request in the file "runs", waits for the file "go" and answers with the request.</summary>
    internal Process Server(string queue) =>
        Cli("serve", queue, "timeout", "30", "sh", "-c", $"echo run >> {PathOf("runs")}; while [ ! -e {PathOf("go")} ]; do sleep 0.02; done; cat");

    internal int Runs => File.Exists(PathOf("runs")) ? File.ReadAllLines(PathOf("runs")).Length : 0;

    internal void Go() => File.WriteAllText(PathOf("go"), "");

    internal async Task<bool> ServedAsync(string queue) =>
        (await RunCliAsync("list", queue)).Output.Split('\n').Any(line => line.StartsWith(queue, StringComparison.Ordinal) && Columns(line)[2] != "0");

    internal async Task<bool> WaitsAsync(string queue) =>
        (await RunCliAsync("list", queue)).Output.Split('\n').Any(line => line.StartsWith(queue, StringComparison.Ordinal) && Columns(line)[3] != "0");

    internal SwitchConnection Connect(string name)
    {
        var connection = new SwitchConnection(new SwitchOptions(Socket, name), NullLogger.Instance);
        connection.Start();
        return connection;
    }

    internal static async Task EventuallyAsync(Func<Task<bool>> holds)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!await holds())
        {
            await Task.Delay(20, patience.Token);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Go();
        foreach (var helper in helpers)
        {
            if (!helper.HasExited)
            {
                helper.Kill(entireProcessTree: true);
                await helper.WaitForExitAsync();
            }

            helper.Dispose();
        }

        if (process is not null)
        {
            await KillAsync();
        }

        directory.Delete(recursive: true);
    }

    private Process Start(string program, string[] arguments, bool helper)
    {
        var start = new ProcessStartInfo(Path.Combine(new PoolOptions().Binaries, program), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = helper,
            RedirectStandardError = helper,
        };
        var started = Process.Start(start)!;
        if (helper)
        {
            helpers.Add(started);
        }

        return started;
    }

    private static string[] Columns(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
