using System.Globalization;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A host of its own, on which nothing happens but what these tests do.</summary>
public sealed class QuietFixture : PoolFixture
{
    protected override PoolOptions Options => new() { Hosts = 1 };
}

/// <summary>What quiet daemons keep of the machine's memory: what their start or some work needed goes back, and they go on as before.</summary>
public sealed class MemoryTests(QuietFixture fixture) : DeadlineTests, IClassFixture<QuietFixture>
{
    private const int LeastNativeBytes = 1 << 20;

    /// <summary>MiB that are resident when nothing has happened yet; twice as much is left when something has.</summary>
    private static readonly Dictionary<string, double> Aims = new(StringComparer.Ordinal) { ["message-switch"] = 12, ["xenopsd"] = 15, ["xapi"] = 30 };

    [Fact]
    public async Task AQuietDaemonIsSmallAndGoesOn()
    {
        Assert.SkipUnless(IsNative(fixture.Pool.Coordinator.Xapi), "a runtime that compiles takes memory of its own");
        await SettleAsync(1);
        await using (var vm = await fixture.StartVmAsync(Cancel, memoryMib: 16))
        {
            await fixture.Client.CallAsync("VM.clean_reboot", Cancel, vm.Ref);
            Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
        }

        await SettleAsync(2);
        Assert.All(fixture.Pool.Coordinator.Daemons, static daemon => Assert.True(daemon.Restarts == 0, daemon.LogTail()));
    }

    /// <summary>Until each daemon has at most so many times its aim; whoever waits for less is stopped by the test's deadline.</summary>
    private async Task SettleAsync(int times)
    {
        foreach (var daemon in fixture.Pool.Coordinator.Daemons.Where(static one => Aims.ContainsKey(one.Name)))
        {
            double resident;
            while ((resident = ResidentMib(daemon)) > times * Aims[daemon.Name])
            {
                Assert.False(Cancel.IsCancellationRequested, string.Create(CultureInfo.InvariantCulture, $"{daemon.Name} keeps {resident:0.0} MiB"));
                await Task.Delay(200, CancellationToken.None);
            }
        }
    }

    private static bool IsNative(ManagedDaemon daemon) => new FileInfo($"/proc/{daemon.Pid}/exe").ResolveLinkTarget(returnFinalTarget: true) is FileInfo { Length: > LeastNativeBytes };

    private static double ResidentMib(ManagedDaemon daemon) =>
        long.Parse(File.ReadAllText($"/proc/{daemon.Pid}/statm").Split(' ')[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize / (1024.0 * 1024);
}
