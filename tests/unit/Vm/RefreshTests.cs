using System.Collections.Immutable;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Tests.Forwarding;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.VirtualMachines;

/// <summary>When the database is brought up to date with xenopsd: later rather than never.</summary>
public class RefreshTests
{
    private readonly Stage stage = new();

    [Fact]
    public async Task ARefreshThatFailsAtTheEndOfASuppressionIsRepeated()
    {
        stage.Run(stage.Here);
        using CancellationTokenSource stop = new();
        Failing xenops = new(stage, stop) { Failures = 1 };
        XenopsEvents events = Events(xenops);
        await (await events.SuppressAsync(Stage.VmId, CancellationToken.None)).DisposeAsync();
        Assert.Equal(vm_power_state.Running, stage.Row.power_state);

        await events.RunAsync(stop.Token);
        Assert.Equal(vm_power_state.Paused, stage.Row.power_state);
    }

    [Fact]
    public async Task ChangesDuringAnOperationAreLeftToItsEnd()
    {
        stage.Run(stage.Here);
        stage.Set(static row => row with { current_operations = row.current_operations.SetItem("OpaqueRef:t", vm_operations.pause) });
        using CancellationTokenSource stop = new();
        Failing xenops = new(stage, stop);
        await Events(xenops).RunAsync(stop.Token);
        Assert.Equal((0, vm_power_state.Running), (xenops.Looks, stage.Row.power_state));
    }

    /// <summary>Whoever set it up knows by its removal that the database says what happened before it.</summary>
    [Fact]
    public async Task ABarrierIsRemovedWhenWhatCameBeforeItIsInTheDatabase()
    {
        stage.Run(stage.Here);
        using CancellationTokenSource stop = new(TimeSpan.FromSeconds(60));
        Barred xenops = new(stage, stop);
        await Events(xenops).RunAsync(stop.Token);
        Assert.Equal([(7, vm_power_state.Paused)], xenops.Removed);
    }

    private XenopsEvents Events(FakeXenops xenops)
    {
        DeviceUpdates devices = new(xenops, stage.Database, stage.Identity);
        return new XenopsEvents(
            xenops, new XenopsTasks(xenops, new XenopsTaskLimits(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1))),
            stage.Database, stage.Identity, new VmUpdates(xenops, stage.Database, stage.Identity, devices, NullLogger.Instance), devices,
            static _ => Task.FromResult<IReadOnlyList<string>>([]), NullLogger.Instance);
    }

    /// <summary>The VM is paused; a barrier alone tells of that.</summary>
    private sealed class Barred(Stage stage, CancellationTokenSource stop) : FakeXenops
    {
        private bool told;

        public List<(long Id, vm_power_state State)> Removed { get; } = [];

        public override Task<QueryResult> Query(string debug_info, CancellationToken cancel) => Task.FromResult(new QueryResult { instance_id = "i" });

        public override Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel) =>
            Task.FromResult((VmMetadata.Build(stage.Row).vm, new VmState { power_state = PowerState.Paused, domids = [7] }));

        public override async Task<(ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> barriers, ImmutableArray<DynamicId> events, long next)> UpdatesGet(
            string debug_info, long? last_id, long? timeout, CancellationToken cancel)
        {
            if (told)
            {
                await stop.CancelAsync();
                cancel.ThrowIfCancellationRequested();
            }

            told = true;
            return ([(7, [new DynamicId.Vm(Stage.VmId)])], [], 8);
        }

        public override Task UpdatesRemoveBarrier(string debug_info, long id, CancellationToken cancel)
        {
            Removed.Add((id, stage.Row.power_state));
            return Task.CompletedTask;
        }
    }

    /// <summary>The VM is paused, which it says after some failures; of it is heard once.</summary>
    private sealed class Failing(Stage stage, CancellationTokenSource stop) : FakeXenops
    {
        private int polls;

        public int Failures { get; set; }

        public int Looks { get; private set; }

        public override Task<QueryResult> Query(string debug_info, CancellationToken cancel) => Task.FromResult(new QueryResult { instance_id = "i" });

        public override Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel)
        {
            Looks++;
            return Failures-- > 0
                ? throw XenopsError.Internal("away")
                : Task.FromResult((VmMetadata.Build(stage.Row).vm, new VmState { power_state = PowerState.Paused, domids = [7] }));
        }

        public override async Task<(ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> barriers, ImmutableArray<DynamicId> events, long next)> UpdatesGet(
            string debug_info, long? last_id, long? timeout, CancellationToken cancel)
        {
            if (++polls > 2)
            {
                await stop.CancelAsync();
                cancel.ThrowIfCancellationRequested();
            }

            return ([], stage.Row.current_operations.IsEmpty ? [] : [new DynamicId.Vm(Stage.VmId)], polls);
        }
    }
}
