using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Confinement;

/// <summary>A pool whose daemons live in the sandboxes of their units.</summary>
public sealed class ConfinedFixture : StorageFixture
{
    private DaemonConfinement? confinement;

    protected override PoolOptions Options => new() { Launch = confinement!.Launch };

    /// <summary>Not below /tmp: of that each daemon has its own.</summary>
    protected override DirectoryInfo MakeLocation() =>
        Directory.CreateDirectory(Path.Combine(EndToEnd.Repository.Root, "out", $"confined-{Environment.ProcessId}"));

    public override async ValueTask InitializeAsync()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(TestDeadline);
        confinement = await DaemonConfinement.BuildAsync(deadline.Token);
        await base.InitializeAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        if (confinement is not null)
        {
            await base.DisposeAsync();
            confinement.Dispose();
        }

        GC.SuppressFinalize(this);
    }
}

/// <summary>Every daemon does its work through the end-to-end path with no more than its unit leaves it: file system, devices, network,
/// capabilities, user and system calls. A call outside its filter kills a daemon, as it would under systemd.</summary>
public sealed class ConfinementTests(ConfinedFixture fixture) : DeadlineTests, IClassFixture<ConfinedFixture>
{
    private const long Mib = 1024 * 1024;

    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task VmsLiveMoveAndSleepAndNoDaemonMissesAnything()
    {
        RequireRoot();
        var reference = await TestVm.CreateAsync(Client, "confined", 32, dirtyPagesPerSecond: 500, Cancel);
        var disk = await fixture.CreateDiskAsync(4 * Mib, Cancel);
        await fixture.AttachAsync(reference, disk, "0", Cancel);
        await Client.CallAsync("VM.start_on", Cancel, reference, await fixture.HostRefAsync(1, Cancel), false, false);
        await using (var vm = new RunningVm(fixture, reference))
        {
            var before = await vm.VerifyMemoryAsync(Cancel);
            await fixture.MigrateAsync(reference, 2, Cancel);
            Assert.Equal(2, await fixture.ResidentOnAsync(reference, Cancel));
            await Client.CallAsync("VM.suspend", Cancel, reference);
            await Client.CallAsync("VM.resume_on", Cancel, reference, await fixture.HostRefAsync(1, Cancel), false, false);
            var after = await vm.VerifyMemoryAsync(Cancel);
            Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));
            var snapshot = await Client.TextAsync("VM.snapshot", Cancel, reference, "kept", Array.Empty<string>());
            await Client.CallAsync("VM.destroy", Cancel, snapshot);
            await Client.CallAsync("VM.clean_reboot", Cancel, reference);
        }

        await Client.CallAsync("VDI.destroy", Cancel, disk);
        Assert.All(fixture.Pool.Hosts.SelectMany(host => host.Daemons), static daemon => Assert.True(daemon.Restarts == 0, daemon.LogTail()));
    }

    [Fact]
    public async Task ThePasswordTheCertificateAndTheMetricsAreWithinReach()
    {
        RequireRoot();
        await Client.CallAsync("session.change_password", Cancel, fixture.Pool.Password, fixture.Pool.Password);
        var host = fixture.Pool.Coordinator;
        foreach (var daemon in host.Daemons)
        {
            Assert.Contains($"daemon=\"{daemon.Name}\"", await MetricsReader.ReadAsync(host.MetricsSocket(daemon.Name), Cancel), StringComparison.Ordinal);
        }

        Assert.All(fixture.Pool.Hosts.SelectMany(each => each.Daemons), static daemon => Assert.True(daemon.Restarts == 0, daemon.LogTail()));
    }

    /// <summary>The kernel says of the processes what was done to them: otherwise the test above would show nothing.</summary>
    [Theory]
    [InlineData("message-switch", "0000000000000000", 65533)]
    [InlineData("xen-simulator", "0000000000000002", 0)]
    [InlineData("xapi", "000000002000040b", 0)]
    public void TheDaemonsAreConfined(string daemon, string capabilities, int user)
    {
        RequireRoot();
        var process = fixture.Pool.Coordinator.Daemons.Single(one => one.Name == daemon);
        var status = File.ReadLines($"/proc/{process.Pid}/status").Select(static line => line.Split('\t', StringSplitOptions.RemoveEmptyEntries))
            .GroupBy(static words => words[0]).ToDictionary(static line => line.Key, static line => line.First(), StringComparer.Ordinal);
        Assert.Equal((capabilities, "2", "1"), (status["CapBnd:"][1], status["Seccomp:"][1], status["NoNewPrivs:"][1]));
        Assert.Equal(user, int.Parse(status["Uid:"][1], null));
        Assert.NotEqual(new FileInfo("/proc/self/ns/mnt").LinkTarget, new FileInfo($"/proc/{process.Pid}/ns/mnt").LinkTarget);
    }

    private static void RequireRoot() => Assert.SkipUnless(Environment.IsPrivilegedProcess, "namespaces and mounts are root's");
}
