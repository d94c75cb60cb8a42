using System.Text.RegularExpressions;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool whose migrations can be disturbed at a named step, on either host, and one VM that is migrated again and again.</summary>
public partial class MatrixFixture : StorageFixture
{
    private const int MemoryMib = 32;

    /// <summary>Past it the host's state is not what it has to be; daemons are back within a second or two.</summary>
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    private readonly string directory = Directory.CreateTempSubdirectory("matrix").FullName;
    private RunningVm? machine;
    private string uuid = "";
    private string[] devices = [];

    /// <summary>The VM has a disk and an interface, and travels compressed.</summary>
    protected virtual bool Equipped => false;

    /// <summary>MiB/s of a migration while the guest runs: it can be disturbed in its midst.</summary>
    protected virtual int Bandwidth => 64;

    protected override PoolOptions Options => new()
    {
        XenopsdLines =
        [
            $"migration-bandwidth-limit-mib = {Bandwidth}", "migration-recovery-interval = 1", "migration-metadata-lifetime = 15", $"debug-disturb-file = {DisturbFile}",
        ],
    };

    private string DisturbFile => Path.Combine(directory, "disturb");

    /// <summary>The VM, running on the host it was left on.</summary>
    internal async Task<RunningVm> MachineAsync(CancellationToken cancel)
    {
        machine ??= Equipped ? await StartEquippedAsync(cancel) : await StartVmAsync(cancel, MemoryMib);
        if (await machine.PowerStateAsync(cancel) == "Halted")
        {
            // A case before this one lost it, and has failed for that.
            await Client.CallAsync("VM.start", cancel, machine.Ref, false, false);
        }

        uuid = await Client.TextAsync("VM.get_uuid", cancel, machine.Ref);
        return machine;
    }

    /// <summary>The next migration that reaches <paramref name="step"/> is disturbed there.</summary>
    internal Task DisturbAsync(string how, string step, CancellationToken cancel) => File.WriteAllTextAsync(DisturbFile, $"{how} {step}\n", cancel);

    internal bool Disturbed => !File.Exists(DisturbFile);

    internal void Calm() => File.Delete(DisturbFile);

    /// <summary>Waits until the VM is whole on one host and both hosts and the database agree on it; gives that host's number.</summary>
    internal async Task<int> WaitUntilSettledAsync(CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Recovery);
        string problem = "nothing was looked at";
        try
        {
            while (true)
            {
                try
                {
                    (problem, int host) = await LookAsync(deadline.Token);
                    if (problem.Length == 0)
                    {
                        return host;
                    }
                }
                catch (Exception error) when (error is XenApiFailure or HttpRequestException or IOException)
                {
                    problem = error.Message;
                    await LoginAgainAsync(error, deadline.Token);
                }

                await Task.Delay(Poll, deadline.Token);
            }
        }
        catch (OperationCanceledException)
        {
            string logs = string.Join('\n', Pool.Hosts.Select(host => $"host {host.Number}:\n{host.Xenopsd.LogTail()}\n{host.Xapi.LogTail()}"));
            throw new PoolFailure($"not settled within {Recovery.TotalSeconds:0} s: {problem}\n{logs}");
        }
    }

    /// <summary>A xapi that was started again may have forgotten the session.</summary>
    internal async Task LoginAgainAsync(Exception error, CancellationToken cancel)
    {
        if (error is XenApiFailure { Code: "SESSION_INVALID" })
        {
            await Client.LoginAsync(DevelopmentPool.User, Pool.Password, cancel);
        }
    }

    /// <summary>Migrates the VM, in the way of this fixture.</summary>
    internal async Task TravelAsync(string vm, int host, CancellationToken cancel) => await Client.CallAsync(
        "VM.pool_migrate", cancel, vm, await HostRefAsync(host, cancel),
        new Dictionary<string, string> { ["live"] = "true", ["compress"] = Equipped ? "true" : "false" });

    public override async ValueTask DisposeAsync()
    {
        Calm();
        if (machine is not null)
        {
            await machine.DisposeAsync();
        }

        await base.DisposeAsync();
        Directory.Delete(directory, recursive: true);
        GC.SuppressFinalize(this);
    }

    private async Task<RunningVm> StartEquippedAsync(CancellationToken cancel)
    {
        var vm = await TestVm.CreateAsync(Client, "equipped", MemoryMib, dirtyPagesPerSecond: 500, cancel);
        var disk = await CreateDiskAsync(1 << 20, cancel);
        devices = ["VBD " + await AttachAsync(vm, disk, "0", cancel), "VIF " + await AddInterfaceAsync(vm, cancel)];
        await Client.CallAsync("VM.start_on", cancel, vm, await HostRefAsync(1, cancel), false, false);
        return new RunningVm(this, vm);
    }

    /// <summary>What is wrong with the VM's devices; empty when each is attached, and connected on the VM's host and on no other.</summary>
    private async Task<string> WrongDevicesAsync(int living, CancellationToken cancel)
    {
        foreach (var device in devices)
        {
            var (kind, reference) = (device[..3], device[4..]);
            if (!(bool)await Client.CallAsync($"{kind}.get_currently_attached", cancel, reference))
            {
                return $"the {kind} is not attached";
            }
        }

        foreach (var host in Pool.Hosts)
        {
            var nodes = await StoreNodes.AllAsync(host, cancel);
            List<string> connected = [];
            foreach (var path in nodes.Where(static path => BackendState().IsMatch(path)))
            {
                connected.Add($"{path.Split('/')[5]}={await StoreNodes.ReadAsync(host, path, cancel)}");
            }

            var wanted = host.Number == living ? string.Join(' ', devices.Select(static d => d.StartsWith("VBD", StringComparison.Ordinal) ? "vbd=4" : "vif=4").Order()) : "";
            if (string.Join(' ', connected.Order()) != wanted)
            {
                return $"host {host.Number} has back ends [{string.Join(' ', connected)}], not [{wanted}]";
            }
        }

        return "";
    }

    [GeneratedRegex("^/local/domain/0/backend/(vbd|vif)/[0-9]+/[0-9]+/state$")]
    private static partial Regex BackendState();

    /// <summary>The numbers of the hosts where a domain lives, one for each, and how many domains there are.</summary>
    internal async Task<(List<int> Living, int Domains)> LivingAsync(CancellationToken cancel)
    {
        var (living, domains) = await DomainsAsync(cancel);
        return (living, domains.Count);
    }

    private async Task<(List<int> Living, List<string> Domains)> DomainsAsync(CancellationToken cancel)
    {
        List<string> domains = [];
        List<int> living = [];
        foreach (var host in Pool.Hosts)
        {
            using var simulator = SimulatorControl.Open(host);
            foreach (var domain in (await simulator.DomainsAsync(cancel)).Where(domain => domain.domid != 0))
            {
                domains.Add($"host {host.Number}: {domain.handle} paused={domain.paused} dying={domain.dying} shutdown={domain.shutdown_code}");
                if (domain is { paused: false, dying: false, shutdown_code: null })
                {
                    living.Add(host.Number);
                }
            }
        }

        return (living, domains);
    }

    /// <summary>What is not as it has to be, empty when all is; and the host that has the VM.</summary>
    private async Task<(string Problem, int Host)> LookAsync(CancellationToken cancel)
    {
        var (living, domains) = await DomainsAsync(cancel);
        if (domains.Count != 1 || living.Count != 1)
        {
            return ($"{living.Count} living of {domains.Count} domains [{string.Join("; ", domains)}]", 0);
        }

        var records = Pool.Hosts.SelectMany(host => Directory.EnumerateDirectories(Path.Combine(host.Directory, "xenopsd", "VM"))
            .Select(record => $"{host.Number} {Path.GetFileName(record)}")).ToArray();
        if (records is not [var record] || record != $"{living[0]} {uuid}")
        {
            return ($"the VM lives on {living[0]}; xenopsd's records: [{string.Join("; ", records)}]", 0);
        }

        var vm = machine!;
        var told = (await vm.PowerStateAsync(cancel), await ResidentOnAsync(vm.Ref, cancel));
        int operations = ((Dictionary<string, object>)await Client.CallAsync("VM.get_current_operations", cancel, vm.Ref)).Count;
        return told == ("Running", living[0]) && operations == 0
            ? (await WrongDevicesAsync(living[0], cancel), living[0])
            : ($"the VM lives on {living[0]}; xapi says {told} with {operations} operations", 0);
    }
}

/// <summary>
/// The matrix of point 5: a daemon of one side dies, or the connections break, at each step of a migration. Whatever the
/// migration's task says then, exactly one live copy of the VM is left within a bounded time, its memory is whole, nothing else is left of it anywhere,
/// and it can be migrated.
/// </summary>
public abstract class MigrationMatrix(MatrixFixture fixture) : DeadlineTests
{
    private static readonly string[] Sender =
    [
        "send.vm-connected", "send.point1", "send.mem-connected", "send.mem-acked", "send.saving", "send.suspending", "send.suspended",
        "send.point2", "send.drained", "send.point3-sent", "send.point4-heard",
    ];

    private static readonly string[] Receiver =
    [
        "receive.begun", "receive.created", "receive.point1", "receive.mem", "receive.restoring", "receive.restored", "receive.point2",
        "receive.point3-heard", "receive.taken", "receive.decided", "receive.running", "receive.point4",
    ];

    /// <summary>Those of the sender, in the order in which they come.</summary>
    public static TheoryData<string> SenderSteps => [.. (string[])["send.prepared", "send.metadata", .. Sender, "send.finished"]];

    /// <summary>Those of the receiver.</summary>
    public static TheoryData<string> ReceiverSteps => [.. Receiver];

    /// <summary>Those at which there is a connection to break, on either side.</summary>
    public static TheoryData<string> ConnectedSteps => [.. Sender, .. Receiver];

    protected async Task DisturbedMigrationAsync(string how, string step)
    {
        var vm = await fixture.MachineAsync(Cancel);
        int from = await fixture.WaitUntilSettledAsync(Cancel);
        var before = await vm.VerifyMemoryAsync(Cancel);
        await fixture.DisturbAsync(how, step, Cancel);
        try
        {
            await AttemptAsync(vm, 3 - from);
            Assert.True(fixture.Disturbed, $"{step} was not reached");
        }
        finally
        {
            fixture.Calm();
        }

        await AssertWholeAsync(vm, before);
    }

    /// <param name="from">The number of the source's host.</param>
    /// <param name="killed">The daemons that die in the midst of the copy, of the two hosts.</param>
    protected async Task KilledAsync(int from, Func<IReadOnlyList<PoolHost>, ManagedDaemon[]> killed)
    {
        var vm = await BringToAsync(from);
        var before = await vm.VerifyMemoryAsync(Cancel);
        var task = await fixture.BeginMigrationAsync(vm.Ref, 3 - from, Cancel);
        await fixture.WaitUntilCopyingAsync(task, Cancel);
        var daemons = killed(fixture.Pool.Hosts);
        int[] pids = [.. daemons.Select(static d => d.Pid)];
        Array.ForEach(daemons, static d => d.Kill());
        await Task.WhenAll(daemons.Select((d, i) => d.WaitForRestartAsync(pids[i], Cancel)));
        await fixture.Pool.WaitUntilLiveAsync(Cancel);
        await AssertWholeAsync(vm, before);
    }

    /// <summary>The same with daemons that stay dead until the migration is over: nobody but xenopsd sees its end.</summary>
    protected async Task AwayAsync(int from, Func<IReadOnlyList<PoolHost>, ManagedDaemon[]> away)
    {
        var vm = await BringToAsync(from);
        var before = await vm.VerifyMemoryAsync(Cancel);
        var task = await fixture.BeginMigrationAsync(vm.Ref, 3 - from, Cancel);
        await fixture.WaitUntilCopyingAsync(task, Cancel);
        var daemons = away(fixture.Pool.Hosts);
        await Task.WhenAll(daemons.Select(static d => d.HoldDeadAsync()));
        while (await fixture.LivingAsync(Cancel) is not ([var living], 1) || living == from)
        {
            await Task.Delay(50, Cancel);
        }

        await Task.WhenAll(daemons.Select(d => d.StartAsync(Cancel)));
        await fixture.Pool.WaitUntilLiveAsync(Cancel);
        await AssertWholeAsync(vm, before);
    }

    private async Task<RunningVm> BringToAsync(int host)
    {
        var vm = await fixture.MachineAsync(Cancel);
        if (await fixture.WaitUntilSettledAsync(Cancel) != host)
        {
            await fixture.MigrateAsync(vm.Ref, host, Cancel);
        }

        return vm;
    }

    /// <summary>The task may succeed or fail, but it ends.</summary>
    private async Task AttemptAsync(RunningVm vm, int to)
    {
        try
        {
            await fixture.TravelAsync(vm.Ref, to, Cancel);
        }
        catch (XenApiFailure)
        {
            // What counts is what is left.
        }
    }

    private async Task AssertWholeAsync(RunningVm vm, GuestMemory before)
    {
        int host = await fixture.WaitUntilSettledAsync(Cancel);
        var after = await vm.VerifyMemoryAsync(Cancel);
        Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));
        await Task.Delay(20, Cancel);
        var later = await vm.VerifyMemoryAsync(Cancel);
        Assert.True(after.Counter > before.Counter && later.Counter > after.Counter, $"the guest stands still: {before.Counter}, {after.Counter}, {later.Counter}");

        await fixture.MigrateAsync(vm.Ref, 3 - host, Cancel);
        Assert.Equal(3 - host, await fixture.WaitUntilSettledAsync(Cancel));
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }
}

public sealed class MigrationSourceDiesTests(MatrixFixture fixture) : MigrationMatrix(fixture), IClassFixture<MatrixFixture>
{
    [Theory]
    [MemberData(nameof(SenderSteps))]
    public Task OneWholeCopyIsLeft(string step) => DisturbedMigrationAsync("abort", step);
}

public sealed class MigrationDestinationDiesTests(MatrixFixture fixture) : MigrationMatrix(fixture), IClassFixture<MatrixFixture>
{
    [Theory]
    [MemberData(nameof(ReceiverSteps))]
    public Task OneWholeCopyIsLeft(string step) => DisturbedMigrationAsync("abort", step);
}

public sealed class MigrationConnectionBreaksTests(MatrixFixture fixture) : MigrationMatrix(fixture), IClassFixture<MatrixFixture>
{
    [Theory]
    [MemberData(nameof(ConnectedSteps))]
    public Task OneWholeCopyIsLeft(string step) => DisturbedMigrationAsync("cut", step);
}

/// <summary>The XenAPI daemon dies in the midst of a migration: that of the source or of the destination, the coordinator's or not.</summary>
public sealed class MigrationXapiDiesTests(MatrixFixture fixture) : MigrationMatrix(fixture), IClassFixture<MatrixFixture>
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    public Task OneWholeCopyIsLeft(int from, int killed) => KilledAsync(from, hosts => [hosts[killed - 1].Xapi]);
}

/// <summary>A pool whose migrations outlast the start of a daemon.</summary>
public sealed class SlowMatrixFixture : MatrixFixture
{
    protected override int Bandwidth => 12;
}

/// <summary>All XenAPI daemons die in the midst of a migration, so that nobody is left who began it: those that come back find the VM on its way, or find
/// it where nobody saw it arrive, and never take it for halted or for a stray.</summary>
public sealed class MigrationXapisDieTests(SlowMatrixFixture fixture) : MigrationMatrix(fixture), IClassFixture<SlowMatrixFixture>
{
    private readonly SlowMatrixFixture fixture = fixture;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task OneWholeCopyIsLeft(int from)
    {
        await using var watch = new StateWatch(fixture, (await fixture.MachineAsync(Cancel)).Ref);
        await KilledAsync(from, Xapis);
        await watch.AssertLivedAsync();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task OneWholeCopyIsLeftThatNobodySawArrive(int from)
    {
        await using var watch = new StateWatch(fixture, (await fixture.MachineAsync(Cancel)).Ref);
        await AwayAsync(from, Xapis);
        await watch.AssertLivedAsync();
    }

    private static ManagedDaemon[] Xapis(IReadOnlyList<PoolHost> hosts) => [.. hosts.Select(static h => h.Xapi)];
}

/// <summary>The message switch of the source or of the destination dies in the midst of a migration: every daemon of the host talks through it.</summary>
public sealed class MigrationSwitchDiesTests(MatrixFixture fixture) : MigrationMatrix(fixture), IClassFixture<MatrixFixture>
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    public Task OneWholeCopyIsLeft(int from, int killed) => KilledAsync(from, hosts => [hosts[killed - 1].Switch]);
}

/// <summary>Migrations as they are in earnest: the VM has a disk and an interface, its memory is compressed and encrypted.</summary>
public sealed class EquippedFixture : MatrixFixture
{
    protected override bool Equipped => true;

    protected override PoolOptions Options => base.Options with { Tls = true };

    public override async ValueTask InitializeAsync()
    {
        await base.InitializeAsync();
        foreach (var host in Pool.Hosts)
        {
            await File.WriteAllLinesAsync(host.TrustedCertificates, Pool.Hosts.Select(static shown => File.ReadAllText(shown.Certificate)));
        }
    }
}

public sealed class EquippedSourceDiesTests(EquippedFixture fixture) : MigrationMatrix(fixture), IClassFixture<EquippedFixture>
{
    [Theory]
    [MemberData(nameof(SenderSteps))]
    public Task OneWholeCopyIsLeft(string step) => DisturbedMigrationAsync("abort", step);
}

public sealed class EquippedDestinationDiesTests(EquippedFixture fixture) : MigrationMatrix(fixture), IClassFixture<EquippedFixture>
{
    [Theory]
    [MemberData(nameof(ReceiverSteps))]
    public Task OneWholeCopyIsLeft(string step) => DisturbedMigrationAsync("abort", step);
}
