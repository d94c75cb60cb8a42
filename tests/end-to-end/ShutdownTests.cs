using System.Diagnostics;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>How a pool ends: cleanly, and without a trace.</summary>
public sealed class ShutdownTests : DeadlineTests
{
    [Fact]
    public async Task SigtermStopsEveryDaemonWithStatusZero()
    {
        await using var pool = await DevelopmentPool.StartAsync(PoolFixture.Unique(new PoolOptions()), Cancel);
        Assert.True(await pool.StopAsync(), string.Join('\n', pool.Hosts.SelectMany(host => host.Daemons).Select(daemon => daemon.LogTail())));
    }

    [Fact]
    public async Task NothingIsLeftBehind()
    {
        var file = Path.Combine(Path.GetTempPath(), $"pool-env-{Environment.ProcessId}");
        string[] directories;
        int[] pids;
        await using (var pool = await DevelopmentPool.StartAsync(PoolFixture.Unique(new PoolOptions { EnvironmentFile = file }), Cancel))
        {
            var variables = await File.ReadAllTextAsync(file, Cancel);
            Assert.Contains($"XAPI_URL_2={pool.Hosts[1].Url}\n", variables, StringComparison.Ordinal);
            Assert.Contains($"XENOPSD_PID_1={pool.Hosts[0].Xenopsd.Pid}\n", variables, StringComparison.Ordinal);
            directories = [.. pool.Hosts.Select(host => host.Directory)];
            pids = [.. pool.Hosts.SelectMany(host => host.Daemons).Select(daemon => daemon.Pid)];
        }

        Assert.False(File.Exists(file));
        Assert.All(directories, directory => Assert.False(Directory.Exists(directory)));
        Assert.All(pids, pid => Assert.False(Directory.Exists($"/proc/{pid}")));
    }

    [Fact]
    public async Task KillingTheRunnerKillsItsDaemons()
    {
        var file = Path.Combine(Path.GetTempPath(), $"pool-env-{Environment.ProcessId}-killed");
        var runner = Path.ChangeExtension(typeof(DevelopmentPool).Assembly.Location, null);
        var info = new ProcessStartInfo(runner, ["--hosts", "1", "--port", "0", "--env", file]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var pool = Process.Start(info)!;
        try
        {
            pool.ErrorDataReceived += (_, _) => { };
            pool.BeginErrorReadLine();
            while (await pool.StandardOutput.ReadLineAsync(Cancel) is { } line && !line.StartsWith("ready", StringComparison.Ordinal))
            {
                // Until it is.
            }

            var pids = File.ReadLines(file).Where(line => line.Contains("_PID_", StringComparison.Ordinal)).Select(line => line.Split('=')[1]).ToArray();
            Assert.Equal(4, pids.Length);
            pool.Kill();
            while (Array.Exists(pids, Alive))
            {
                await Task.Delay(20, Cancel);
            }
        }
        finally
        {
            pool.Kill();
            await pool.WaitForExitAsync(Cancel);
            DevelopmentPool.RemoveOrphans();
            File.Delete(file);
        }
    }

    /// <summary>A zombie that nobody has waited for yet is dead.</summary>
    private static bool Alive(string pid)
    {
        try
        {
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false;
        }
    }
}
