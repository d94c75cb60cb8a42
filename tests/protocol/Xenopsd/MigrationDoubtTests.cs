using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Migration;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>The conversation breaks where the source cannot know whether the destination has the VM: between points 3 and 4. Whatever
/// happens, one live copy is left, and never two.</summary>
public sealed class MigrationDoubtTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>The acknowledgement of the memory connection passes, point 3 does not.</summary>
    private static readonly Cut BeforePointThree = new("vm", FromSource: 2);

    /// <summary>Point 1 passes, point 4 does not.</summary>
    private static readonly Cut BeforePointFour = new("vm", FromDestination: 2);

    [Fact]
    public async Task AVmWhosePointThreeIsLostGoesOnAtItsSource()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(cut: BeforePointThree);
        string vm = await source.RunVmAsync();
        Assert.IsType<XenopsErrorValue.Internal_error>(await source.FailureAsync(await source.MigrateAsync(vm, destination)));
        await source.AssertRunsAsync(vm);
        Assert.Equal([vm], source.Engine.Backend.ListDomains());
        await destination.AssertEmptyAsync();

        await using var other = await TestHost.StartAsync();
        await source.EndAsync(await source.MigrateAsync(vm, other));
        await other.AssertRunsAsync(vm);
    }

    [Fact]
    public async Task AVmWhosePointFourIsLostHasMovedAllTheSame()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(cut: BeforePointFour);
        string vm = await source.RunVmAsync();
        await source.EndAsync(await source.MigrateAsync(vm, destination));
        await destination.AssertRunsAsync(vm);
        await source.AssertEmptyAsync();
    }

    [Fact]
    public async Task ADestinationThatFailsAfterPointThreeGivesTheVmBack()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(b => new FaultyBackend(b) { Rename = true });
        string vm = await source.RunVmAsync();
        Assert.IsType<XenopsErrorValue.IO_error>(await source.FailureAsync(await source.MigrateAsync(vm, destination)));
        await source.AssertRunsAsync(vm);
        await destination.AssertEmptyAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ACopyInDoubtWaitsUntilTheDestinationCanBeAsked(bool moved)
    {
        await using var source = await TestHost.StartAsync(ask: TimeSpan.Zero);
        await using var destination = await TestHost.StartAsync(cut: (moved ? BeforePointFour : BeforePointThree) with { Mute = true });
        string vm = await source.RunVmAsync();
        await AssertDoubtAsync(source, vm, destination);

        // Who takes the VM for halted now must not get a second one.
        await source.Service.VmAdd("test", TestHost.MakeVm(vm), CancellationToken.None);
        var refusal = await source.FailureAsync(await source.Service.VmStart("test", vm, false, CancellationToken.None));
        Assert.StartsWith("migration in doubt: ", Assert.IsType<XenopsErrorValue.Internal_error>(refusal).message, StringComparison.Ordinal);
        await source.Service.VmRemove("test", vm, CancellationToken.None);

        destination.Xapi.Unmute();
        await AssertResolvedAsync(source, vm, destination, moved);
    }

    [Fact]
    public async Task ACopyIsNotResumedWhenTheVmHasEndedAtItsDestination()
    {
        await using var source = await TestHost.StartAsync(ask: TimeSpan.Zero);
        await using var destination = await TestHost.StartAsync(cut: BeforePointFour with { Mute = true });
        string vm = await source.RunVmAsync();
        await AssertDoubtAsync(source, vm, destination);
        Assert.Equal(PowerState.Paused, await source.PowerStateAsync(vm));
        Assert.Equal([vm], (await source.Service.VmList("test", CancellationToken.None)).Select(static v => v.vm.id));

        await destination.EndAsync(await destination.Service.VmShutdown("test", vm, null, CancellationToken.None));
        await destination.Service.VmRemove("test", vm, CancellationToken.None);
        destination.Xapi.Unmute();
        await source.AssertEmptyAsync();
    }

    [Fact]
    public async Task AVmInDoubtCanBeEnded()
    {
        await using var source = await TestHost.StartAsync(ask: TimeSpan.Zero);
        await using var destination = await TestHost.StartAsync(cut: BeforePointThree with { Mute = true });
        string vm = await source.RunVmAsync();
        await AssertDoubtAsync(source, vm, destination);
        await source.EndAsync(await source.Service.VmShutdown("test", vm, null, CancellationToken.None));
        await source.AssertEmptyAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ARestartedSourceAsksAgain(bool moved)
    {
        await using var source = await TestHost.StartAsync(ask: TimeSpan.Zero);
        await using var destination = await TestHost.StartAsync(cut: (moved ? BeforePointFour : BeforePointThree) with { Mute = true });
        string vm = await source.RunVmAsync();
        await AssertDoubtAsync(source, vm, destination);

        await using var next = await TestHost.StartAsync(former: await source.StopAsync());
        Assert.Equal([MigrationIds.Source(vm)], next.Engine.Backend.ListDomains());
        destination.Xapi.Unmute();
        await AssertResolvedAsync(next, vm, destination, moved);
    }

    /// <summary>The daemon died between the rename of the domain and that of its record, on the way to the copy's id.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task ARestartEndsARenameThatWasCut(bool moved)
    {
        await using var source = await TestHost.StartAsync(ask: TimeSpan.Zero);
        await using var destination = await TestHost.StartAsync(cut: (moved ? BeforePointFour : BeforePointThree) with { Mute = true });
        string vm = await source.RunVmAsync();
        await AssertDoubtAsync(source, vm, destination);
        var former = await source.StopAsync();
        source.Engine.Store.Rename(MigrationIds.Source(vm), vm);

        await using var next = await TestHost.StartAsync(former: former);
        Assert.Equal([MigrationIds.Source(vm)], next.Engine.Store.Ids);
        destination.Xapi.Unmute();
        await AssertResolvedAsync(next, vm, destination, moved);
    }

    /// <summary>The same on the way back.</summary>
    [Fact]
    public async Task ARestartEndsTheRenameOfAVmThatStayed()
    {
        await using var source = await TestHost.StartAsync(ask: TimeSpan.Zero);
        await using var destination = await TestHost.StartAsync(cut: BeforePointThree with { Mute = true });
        string vm = await source.RunVmAsync();
        await AssertDoubtAsync(source, vm, destination);
        var renamed = new TaskCompletionSource();
        source.Engine.Scheduler.Push(vm, WorkerPool.Default, async () =>
        {
            // The last that this process does for the VM: its own recovery must not come in between.
            await source.Engine.Backend.RenameAsync(MigrationIds.Source(vm), vm, CancellationToken.None);
            renamed.SetResult();
            await Task.Delay(Timeout.Infinite);
        });
        await renamed.Task.WaitAsync(Patience);

        await using var next = await TestHost.StartAsync(former: await source.StopAsync());
        destination.Xapi.Unmute();
        await AssertResolvedAsync(next, vm, destination, moved: false);
    }

    [Fact]
    public async Task ACopyWhoseDomainIsGoneIsForgottenAtTheRestart()
    {
        await using var source = await TestHost.StartAsync(ask: TimeSpan.Zero);
        await using var destination = await TestHost.StartAsync(cut: BeforePointFour with { Mute = true });
        string vm = await source.RunVmAsync();
        await AssertDoubtAsync(source, vm, destination);
        await using var next = await TestHost.StartAsync(former: await source.RestartMachineAsync());
        await next.AssertEmptyAsync();
        await destination.AssertRunsAsync(vm);
    }

    /// <summary>The migration fails, and the copy at the source is neither run nor destroyed.</summary>
    private static async Task AssertDoubtAsync(TestHost source, string vm, TestHost destination)
    {
        var failure = await source.FailureAsync(await source.MigrateAsync(vm, destination));
        Assert.StartsWith("migration in doubt: ", Assert.IsType<XenopsErrorValue.Internal_error>(failure).message, StringComparison.Ordinal);
        string temporary = MigrationIds.Source(vm);
        Assert.Equal([temporary], source.Engine.Backend.ListDomains());
        Assert.Equal(ShutdownReason.Suspend, source.Engine.Backend.GetStatus(temporary)!.ShutdownReason);
        Assert.Equal([temporary], source.Engine.Store.Ids);
    }

    private static async Task AssertResolvedAsync(TestHost source, string vm, TestHost destination, bool moved)
    {
        var (has, empty) = moved ? (destination, source) : (source, destination);
        using var deadline = new CancellationTokenSource(Patience);
        while (has.Engine.Backend.GetStatus(vm) is not { ShutdownReason: null, Paused: false } || !has.Engine.Store.Ids.Contains(vm)
            || empty.Engine.Backend.ListDomains().Count > 0)
        {
            await Task.Delay(5, deadline.Token);
        }

        await has.AssertRunsAsync(vm);
        await empty.AssertEmptyAsync();
    }
}
