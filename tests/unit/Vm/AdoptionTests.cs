using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Idl;
using Toolstack.Tests.Forwarding;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.VirtualMachines;

/// <summary>A VM that runs here although the database does not say so, as after a migration whose xapi was killed.</summary>
public class AdoptionTests
{
    private static readonly XenopsTaskLimits Limits = new(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    private readonly Stage stage = new();
    private readonly StartsAtWork starts = new();

    [Fact]
    public async Task AVmThatRunsHereAndNowhereInTheDatabaseIsAdopted()
    {
        stage.Set(static row => row with { power_state = vm_power_state.Halted, resident_on = Ref<host>.Null });
        await LookAsync(PowerState.Running);
        Assert.Equal((vm_power_state.Running, stage.Here), (stage.Row.power_state, stage.Row.resident_on));
    }

    [Fact]
    public async Task AVmThatAnotherHostIsBelievedToRunIsLeftAlone()
    {
        stage.Run(stage.There);
        await LookAsync(PowerState.Running);
        Assert.Equal(stage.There, stage.Row.resident_on);
    }

    [Fact]
    public async Task AnOperationUnderWayDecidesItself()
    {
        stage.Set(static row => row with { current_operations = row.current_operations.SetItem("OpaqueRef:t", vm_operations.start) });
        await LookAsync(PowerState.Running);
        Assert.True(stage.Row.resident_on.IsNull);
    }

    [Fact]
    public async Task AVmThatIsKnownHereAndDoesNotRunIsNoNews()
    {
        await LookAsync(PowerState.Halted);
        Assert.True(stage.Row.resident_on.IsNull);
    }

    [Fact]
    public async Task AVmWithoutAPlaceIsLookedAtAgainWithoutAnotherUpdate()
    {
        stage.Run(stage.There);
        using CancellationTokenSource stop = new();
        Watched xenops = new(stage, stop);
        await Events(xenops).RunAsync(stop.Token);
        Assert.Equal(stage.Here, stage.Row.resident_on);
        Assert.Equal([5, 1], xenops.Polls.Take(2));
    }

    /// <summary>A migration nobody completed took it away: its new host says so, and until then it is not taken for halted.</summary>
    [Fact]
    public async Task AVmThatLeftByAMigrationNobodyCompletedIsNotHalted()
    {
        stage.Run(stage.Here);
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.There });
        await Events(new Doubtful()).RefreshAsync(Stage.VmId, CancellationToken.None);
        Assert.Equal((vm_power_state.Running, stage.Here, stage.There), (stage.Row.power_state, stage.Row.resident_on, stage.Row.scheduled_to_be_resident_on));
        stage.Set(static row => row with { scheduled_to_be_resident_on = Ref<host>.Null });
        await Events(new Doubtful()).RefreshAsync(Stage.VmId, CancellationToken.None);
        Assert.Equal((vm_power_state.Halted, true), (stage.Row.power_state, stage.Row.resident_on.IsNull));
    }

    [Fact]
    public async Task AVmThatWasInDoubtAndGoesOnIsPromisedToNobodyElse()
    {
        stage.Run(stage.Here);
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.There });
        Doubtful xenops = new() { State = PowerState.Paused, InDoubt = true };
        XenopsEvents events = Events(xenops);
        await events.RefreshAsync(Stage.VmId, CancellationToken.None);
        Assert.Equal((vm_power_state.Paused, stage.There), (stage.Row.power_state, stage.Row.scheduled_to_be_resident_on));
        (xenops.State, xenops.InDoubt) = (PowerState.Running, false);
        await events.RefreshAsync(Stage.VmId, CancellationToken.None);
        Assert.Equal((vm_power_state.Running, true), (stage.Row.power_state, stage.Row.scheduled_to_be_resident_on.IsNull));
    }

    /// <summary>At last its domain has a temporary name: by its own xenopsd has a record and no domain.</summary>
    [Fact]
    public async Task AVmThatIsAboutToLeaveIsNotHalted()
    {
        stage.Run(stage.Here);
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.There });
        await Events(new Doubtful { State = PowerState.Halted, InDoubt = true }).RefreshAsync(Stage.VmId, CancellationToken.None);
        Assert.Equal((vm_power_state.Running, stage.Here, stage.There), (stage.Row.power_state, stage.Row.resident_on, stage.Row.scheduled_to_be_resident_on));
    }

    /// <summary>Its state is read while it is here; when it is asked whether it is being sent, it has left.</summary>
    [Fact]
    public async Task AVmThatLeavesWhileItIsLookedAtStaysPromised()
    {
        stage.Run(stage.Here);
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.There });
        await Events(new Doubtful { State = PowerState.Running, Leaves = true }).RefreshAsync(Stage.VmId, CancellationToken.None);
        Assert.Equal((vm_power_state.Running, stage.Here, stage.There), (stage.Row.power_state, stage.Row.resident_on, stage.Row.scheduled_to_be_resident_on));
    }

    /// <summary>Both ends of a migration begin anew while xenopsd goes on with it: who has something of the VM that comes waits for it, who has nothing lets it go.</summary>
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AVmOnItsWayHereStaysPromised(bool arriving)
    {
        stage.Run(stage.There);
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.Here });
        Assert.Empty(await Sync(new Doubtful { InDoubt = arriving }).RunAsync(CancellationToken.None));
        Assert.Equal((stage.There, arriving ? stage.Here : Ref<host>.Null), (stage.Row.resident_on, stage.Row.scheduled_to_be_resident_on));
    }

    [Fact]
    public async Task AVmOnItsWayFromHereIsLookedAtUntilItHasGoneOrStays()
    {
        stage.Run(stage.Here);
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.There });
        Assert.Equal([Stage.VmId], await Sync(new Doubtful { State = PowerState.Running, InDoubt = true }).RunAsync(CancellationToken.None));
        Assert.Equal(stage.There, stage.Row.scheduled_to_be_resident_on);
    }

    /// <summary>The xapi that was to start it here was killed on the way, and whoever asked for it has given up.</summary>
    [Theory]
    [InlineData(null, vm_power_state.Halted)]
    [InlineData(PowerState.Halted, vm_power_state.Halted)]
    [InlineData(PowerState.Halted, vm_power_state.Suspended)]
    [InlineData(PowerState.Suspended, vm_power_state.Suspended)]
    public async Task AVmThatWasToStartHereAndDidNotIsPromisedToNobody(PowerState? known, vm_power_state row)
    {
        stage.Set(vm => vm with { power_state = row, scheduled_to_be_resident_on = stage.Here });
        Assert.Empty(await Sync(new Doubtful { State = known }).RunAsync(CancellationToken.None));
        Assert.Equal((row, true, true), (stage.Row.power_state, stage.Row.resident_on.IsNull, stage.Row.scheduled_to_be_resident_on.IsNull));
    }

    [Fact]
    public async Task AVmThatWasToStartHereAndDidIsAdopted()
    {
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.Here });
        await Sync(new Doubtful { State = PowerState.Paused }).RunAsync(CancellationToken.None);
        Assert.Equal((vm_power_state.Paused, stage.Here, true), (stage.Row.power_state, stage.Row.resident_on, stage.Row.scheduled_to_be_resident_on.IsNull));
    }

    /// <summary>xenopsd still works on the start when it is to forget the VM: it does that only afterwards, and does not.</summary>
    [Fact]
    public async Task AVmThatStartsWhileItIsLookedAtStaysPromised()
    {
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.Here });
        Doubtful xenops = new() { State = PowerState.Halted, StartsOnRemoval = true };
        Assert.Equal([Stage.VmId], await Sync(xenops).RunAsync(CancellationToken.None));
        Assert.Equal(stage.Here, stage.Row.scheduled_to_be_resident_on);
        await Events(xenops).RefreshAsync(Stage.VmId, CancellationToken.None);
        Assert.Equal((vm_power_state.Running, stage.Here, true), (stage.Row.power_state, stage.Row.resident_on, stage.Row.scheduled_to_be_resident_on.IsNull));
    }

    /// <summary>Its caller has given up, but the call goes on here.</summary>
    [Fact]
    public async Task AVmThatIsBeingStartedHereStaysPromised()
    {
        stage.Set(row => row with { scheduled_to_be_resident_on = stage.Here });
        using (await starts.EnterAsync(stage.Vm))
        {
            Assert.Equal([Stage.VmId], await Sync(new Doubtful()).RunAsync(CancellationToken.None));
            Assert.Equal(stage.Here, stage.Row.scheduled_to_be_resident_on);
        }

        Assert.Empty(await Sync(new Doubtful()).RunAsync(CancellationToken.None));
        Assert.True(stage.Row.scheduled_to_be_resident_on.IsNull);
    }

    /// <summary>A call that comes while it is decided waits, and finds the promise gone.</summary>
    [Fact]
    public async Task ACallThatComesWhileItsPromiseEndsWaits()
    {
        TaskCompletionSource decided = new();
        Task<bool> settling = starts.SettleAsync(stage.Vm, async () =>
        {
            await decided.Task;
            return true;
        });
        Task<IDisposable> entering = starts.EnterAsync(stage.Vm);
        Assert.False(entering.IsCompleted);
        decided.SetResult();
        Assert.True(await settling);
        (await entering).Dispose();
        Assert.True(await starts.SettleAsync(stage.Vm, static () => Task.FromResult(true)));
    }

    /// <summary>xenopsd was killed while many VMs changed: that updates go on says nothing of who sends them.</summary>
    [Fact]
    public async Task AnotherXenopsdIsNoticedAmongUpdatesThatNeverEnd()
    {
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(60));
        int seen = 0;
        await Events(new Replaced(), () =>
        {
            if (++seen == 2)
            {
                stop.Cancel();
            }
        }).RunAsync(stop.Token);
        Assert.Equal(2, seen);
    }

    private XenopsSync Sync(FakeXenops xenops) => new(
        xenops, new XenopsTasks(xenops, Limits), stage.Database, stage.Identity,
        new VmUpdates(xenops, stage.Database, stage.Identity, new DeviceUpdates(xenops, stage.Database, stage.Identity), NullLogger.Instance), starts, NullLogger.Instance);

    private async Task LookAsync(PowerState state) => await Events(new Known(state)).RefreshAsync(Stage.VmId, CancellationToken.None);

    private XenopsEvents Events(FakeXenops xenops, Action? resync = null)
    {
        DeviceUpdates devices = new(xenops, stage.Database, stage.Identity);
        return new XenopsEvents(
            xenops, new XenopsTasks(xenops, Limits),
            stage.Database, stage.Identity, new VmUpdates(xenops, stage.Database, stage.Identity, devices, NullLogger.Instance), devices,
            _ =>
            {
                resync?.Invoke();
                return Task.FromResult<IReadOnlyList<string>>([]);
            }, NullLogger.Instance);
    }

    /// <summary>Has something new whenever it is asked, and is another process each time it is asked who it is.</summary>
    private sealed class Replaced : FakeXenops
    {
        private int processes;

        public override Task<QueryResult> Query(string debug_info, CancellationToken cancel) =>
            Task.FromResult(new QueryResult { instance_id = $"{++processes}" });

        public override async Task<(ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> barriers, ImmutableArray<DynamicId> events, long next)> UpdatesGet(
            string debug_info, long? last_id, long? timeout, CancellationToken cancel)
        {
            await Task.Delay(1, cancel);
            return ([], [new DynamicId.Task("1")], (last_id ?? 0) + 1);
        }
    }

    private class Known(PowerState state) : FakeXenops
    {
        public override Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel) =>
            Task.FromResult((VmMetadata.Build(Stage.NewVm(id)).vm, new VmState { power_state = state, domids = [7] }));
    }

    /// <summary>A xenopsd whose VM may wait for word from its destination, or be gone.</summary>
    private sealed class Doubtful : FakeXenops
    {
        public PowerState? State { get; set; }

        public bool InDoubt { get; set; }

        public override Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel) => State is { } state
            ? Task.FromResult((VmMetadata.Build(Stage.NewVm(id)).vm, new VmState { power_state = state, domids = [7] }))
            : throw XenopsError.DoesNotExist("VM", id);

        /// <summary>It goes when it is asked whether it does.</summary>
        public bool Leaves { get; init; }

        public override Task<bool> VmExists(string debug_info, string id, CancellationToken cancel)
        {
            State = Leaves ? null : State;
            return Task.FromResult(id == Stage.VmId ? State is not null : InDoubt);
        }

        /// <summary>What it was doing to the VM is done when it is asked to forget it.</summary>
        public bool StartsOnRemoval { get; init; }

        public override Task VmRemove(string debug_info, string id, CancellationToken cancel)
        {
            State = StartsOnRemoval ? PowerState.Running : null;
            return StartsOnRemoval
                ? throw new XenopsError(new XenopsErrorValue.Bad_power_state(PowerState.Running, PowerState.Halted))
                : Task.CompletedTask;
        }

        public override Task<ImmutableArray<TaskInfo>> TaskList(string debug_info, CancellationToken cancel) => Task.FromResult(ImmutableArray<TaskInfo>.Empty);

        public override Task<ImmutableArray<(Vm vm, VmState state)>> VmList(string debug_info, CancellationToken cancel) =>
            Task.FromResult<ImmutableArray<(Vm, VmState)>>(State is { } state ? [(VmMetadata.Build(Stage.NewVm(Stage.VmId)).vm, new VmState { power_state = state })] : []);
    }

    /// <summary>Reports the VM once; then the host that was believed to run it says that it does not.</summary>
    private sealed class Watched(Stage stage, CancellationTokenSource stop) : Known(PowerState.Running)
    {
        public List<long> Polls { get; } = [];

        public override Task<QueryResult> Query(string debug_info, CancellationToken cancel) => Task.FromResult(new QueryResult { instance_id = "i" });

        public override async Task<(ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> barriers, ImmutableArray<DynamicId> events, long next)> UpdatesGet(
            string debug_info, long? last_id, long? timeout, CancellationToken cancel)
        {
            Polls.Add(timeout!.Value);
            switch (Polls.Count)
            {
                case 1:
                    return ([], [new DynamicId.Vm(Stage.VmId)], 1);
                case 2:
                    stage.Set(static row => row with { power_state = vm_power_state.Halted, resident_on = Ref<host>.Null });
                    return ([], [], 2);
                default:
                    await stop.CancelAsync();
                    cancel.ThrowIfCancellationRequested();
                    throw new InvalidOperationException("not cancelled");
            }
        }
    }
}
