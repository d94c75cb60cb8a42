using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

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
        var (vm, before) = await UnderWayAsync(from);
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
        var (vm, before) = await UnderWayAsync(from);
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

    /// <summary>The VM in the midst of its copy from a host to the other, and what it held before.</summary>
    private async Task<(RunningVm Vm, GuestMemory Before)> UnderWayAsync(int from)
    {
        var vm = await fixture.MachineAsync(Cancel);
        if (await fixture.WaitUntilSettledAsync(Cancel) != from)
        {
            await fixture.MigrateAsync(vm.Ref, from, Cancel);
        }

        var before = await vm.VerifyMemoryAsync(Cancel);
        var task = await fixture.BeginMigrationAsync(vm.Ref, 3 - from, Cancel);
        await fixture.WaitUntilCopyingAsync(task, Cancel);
        return (vm, before);
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

/// <summary>What a source takes back by itself: the guest goes on with its disk and its interface.</summary>
public sealed class EquippedConnectionBreaksTests(EquippedFixture fixture) : MigrationMatrix(fixture), IClassFixture<EquippedFixture>
{
    [Theory]
    [InlineData("send.suspended")]
    [InlineData("send.drained")]
    [InlineData("receive.restored")]
    [InlineData("receive.taken")]
    public Task OneWholeCopyIsLeft(string step) => DisturbedMigrationAsync("cut", step);
}
