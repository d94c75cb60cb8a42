using System.Diagnostics;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Toolstack.Interop.Xen.Xenstore;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Confinement;

/// <summary>A pool whose daemons live in the sandboxes of their units.</summary>
public sealed class ConfinedFixture : StorageFixture
{
    private DaemonConfinement? confinement;

    protected override PoolOptions Options => new()
    {
        Launch = confinement!.Launch,
        XenopsdLines = [$"bootloaders = pygrub={BootLoader}", $"bootloader-files = {BootFiles}"],
    };

    /// <summary>A boot loader that finds a kernel on every disk, and where it leaves it.</summary>
    internal string BootLoader => Path.Combine(Location, "pygrub");

    internal string BootFiles => Path.Combine(Location, "boot");

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

    /// <summary>The last calls that xenopsd learnt: it bounds what a boot loader may use, and sets the priority of a thread that serves a disk.</summary>
    [Fact]
    public async Task ABootLoaderIsRunAndADiskHasItsPriority()
    {
        RequireRoot();
        Directory.CreateDirectory(fixture.BootFiles);
        await File.WriteAllTextAsync(
            fixture.BootLoader, $"#!/bin/sh\nulimit -t > {fixture.Location}/limit\necho k > {fixture.BootFiles}/k\necho kernel {fixture.BootFiles}/k\necho args rate=1\necho\n", Cancel);
        File.SetUnixFileMode(fixture.BootLoader, (UnixFileMode)0x1ed);
        var reference = await TestVm.CreateAsync(Client, "loaded", 32, dirtyPagesPerSecond: 0, Cancel);

        // Of the templates that there are any may have been the first, and a VM with its own firmware has no boot loader.
        await Client.CallAsync("VM.set_domain_type", Cancel, reference, "pv");
        await Client.CallAsync("VM.set_PV_bootloader", Cancel, reference, "pygrub");
        var disk = await fixture.CreateDiskAsync(4 * Mib, Cancel);
        var drive = await fixture.AttachAsync(reference, disk, "0", Cancel);
        await Client.CallAsync("VBD.set_bootable", Cancel, drive, true);
        await Client.CallAsync("VBD.set_qos_algorithm_type", Cancel, drive, "ionice");
        await Client.CallAsync("VBD.set_qos_algorithm_params", Cancel, drive, new Dictionary<string, string> { ["sched"] = "idle" });
        await Client.CallAsync("VM.start_on", Cancel, reference, await fixture.HostRefAsync(1, Cancel), false, false);
        await using (new RunningVm(fixture, reference))
        {
            Assert.True(int.Parse(await File.ReadAllTextAsync(Path.Combine(fixture.Location, "limit"), Cancel), null) > 0);
            Assert.Empty(Directory.EnumerateFiles(fixture.BootFiles));
            await PrioritizedAsync(await Client.TextAsync("VM.get_domid", Cancel, reference));
        }

        await Client.CallAsync("VDI.destroy", Cancel, disk);
        Assert.All(fixture.Pool.Hosts.SelectMany(host => host.Daemons), static daemon => Assert.True(daemon.Restarts == 0, daemon.LogTail()));
    }

    /// <summary>A back end that names a thread of its own sees it given the disk's priority.</summary>
    private async Task PrioritizedAsync(string domid)
    {
        using var thread = Process.Start("sleep", "1000");
        try
        {
            await using var store = await XenstoreClient.ConnectAsync(fixture.Pool.Coordinator.XenstoreSocket, null, Cancel);
            var backend = $"/local/domain/0/backend/vbd/{domid}";
            var device = Assert.Single(await store.DirectoryAsync(backend, Cancel));
            await store.WriteAsync($"{backend}/{device}/kthread-pid", thread.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), Cancel);
            while (!(await PriorityAsync(thread.Id)).StartsWith("idle", StringComparison.Ordinal))
            {
                await Task.Delay(50, Cancel);
            }
        }
        finally
        {
            thread.Kill();
        }
    }

    private async Task<string> PriorityAsync(int pid)
    {
        using var ask = Process.Start(new ProcessStartInfo("ionice", ["-p", $"{pid}"]) { RedirectStandardOutput = true })!;
        var answer = await ask.StandardOutput.ReadToEndAsync(Cancel);
        await ask.WaitForExitAsync(Cancel);
        return answer;
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
