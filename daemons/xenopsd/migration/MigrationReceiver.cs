using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Migration;

/// <summary>
/// The destination's side of a migration; see <see cref="MigrationSender"/> for the sequence. Memory is reserved before point 1.
/// Once point 3 is read and the devices are connected it is written down that the VM is this host's, and then its guest runs; a source
/// that hears no more asks what was written. Any failure before that, the end of the control connection included, is written down
/// as well, and removes the half-made domain and its metadata.
/// </summary>
public sealed class MigrationReceiver(
    VmStore store,
    IBackend backend,
    AtomicExecutor executor,
    Scheduler scheduler,
    UnclaimedMetadata unclaimed,
    Arrivals arrivals,
    TimeSpan silence,
    PhaseTimes times,
    MigrationSteps steps,
    ILogger logger)
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<MigrationConnection>> expected = new(StringComparer.Ordinal);
    private readonly VgpuConnections cards = new(times);

    /// <summary>Gives a connection that brings the state of graphics cards to the migration that waits for it, and tells the source so. Raises Does_not_exist
    /// when none does in time.</summary>
    public Task OfferVgpusAsync(string temporary, MigrationConnection vgpus, CancellationToken cancel) => cards.OfferAsync(temporary, vgpus, cancel);

    /// <summary>Gives a memory connection to the migration that waits for it, and tells the source so. Raises Does_not_exist when
    /// none does.</summary>
    public async Task OfferMemoryAsync(string temporary, MigrationConnection memory, CancellationToken cancel)
    {
        if (!expected.TryGetValue(temporary, out var waiting) || !waiting.TrySetResult(memory))
        {
            throw XenopsError.DoesNotExist("migration", temporary);
        }

        await Handshake.SendSuccessAsync(memory.Bytes, cancel).ConfigureAwait(false);
    }

    /// <summary>Tells a source what became of its migration: success, when the VM was taken; Does_not_exist(VM) when it was not and never
    /// will be; Does_not_exist(migration) for a token nobody came with; any other error while it is not decided.</summary>
    public async Task AnswerAsync(string temporary, string token, MigrationConnection asking, CancellationToken cancel)
    {
        XenopsErrorValue? answer = arrivals.Find(token) switch
        {
            { Outcome: ArrivalOutcome.Committed } => null,
            { Outcome: ArrivalOutcome.Failed, Vm: var vm } => new XenopsErrorValue.Does_not_exist("VM", vm),
            { } => new XenopsErrorValue.Internal_error($"{temporary}: not decided yet"),
            null => new XenopsErrorValue.Does_not_exist("migration", temporary),
        };
        await (answer is null ? Handshake.SendSuccessAsync(asking.Bytes, cancel) : Handshake.SendErrorAsync(asking.Bytes, answer, cancel)).ConfigureAwait(false);
    }

    /// <summary>Runs one migration towards this host; closes its connections.</summary>
    public async Task RunAsync(Operation.VM_receive_memory operation, XenopsTask task, CancellationToken cancel)
    {
        string temporary = operation.Vm;
        string vm = operation.Arrival.FinalId;
        var memory = new TaskCompletionSource<MigrationConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var control = operation.Control;
        if (expected.Count >= MigrationLimits.MaxReceives || !expected.TryAdd(temporary, memory))
        {
            var refusal = XenopsError.Internal($"{temporary} is being received already, or {MigrationLimits.MaxReceives} others are");
            await TellAsync(control, refusal.Value).ConfigureAwait(false);
            throw refusal;
        }

        unclaimed.Claim(temporary);
        scheduler.Alias(temporary, vm);
        var context = new RunContext(task, totalWeight: 1);
        string key = "";
        MigrationConnection? vgpus = null;
        try
        {
            key = arrivals.Begin(operation.Arrival.Token is { Length: > 0 } token ? token : Guid.NewGuid().ToString(),
                new Arrival(vm, temporary, Renamed: false, ArrivalOutcome.None, Done: false, operation.Arrival.Paused));
            steps.Reach(MigrationSteps.ReceiveBegun, control);
            if (vm != temporary)
            {
                ForgetFormer(vm);
            }

            vgpus = await TakeVgpusAsync(operation, cancel).ConfigureAwait(false);
            context = new RunContext(task, TotalWeight(operation));
            await executor.RunAsync(MigrationPlans.DestinationCreate(store.Get(temporary).Devices, operation.Arrival.MemoryLimit, vm, operation.Arrival.MemoryTotalSource), context, cancel).ConfigureAwait(false);
            steps.Reach(MigrationSteps.ReceiveCreated, control);
            await Handshake.SendSuccessAsync(control.Bytes, cancel).ConfigureAwait(false);
            Log.Point(logger, temporary, "1");
            steps.Reach(MigrationSteps.ReceivePointOne, control);
            await (operation.Arrival.Legacy
                ? RestoreLegacyAsync(operation, context, cancel)
                : RestoreAsync(operation, memory.Task, vgpus, context, cancel)).ConfigureAwait(false);
            Log.Point(logger, temporary, "3");
            steps.Reach(MigrationSteps.ReceivePointThree, control);
            await TakeAsync(operation, key, context).ConfigureAwait(false);
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            var known = AtomicExecutor.Classify(error, task);
            Log.NotReceived(logger, temporary, known.Value.ToString());
            await GiveBackAsync(operation, key, known, context).ConfigureAwait(false);
            throw known;
        }
        finally
        {
            expected.TryRemove(temporary, out _);
            vgpus?.Dispose();
            if (memory.Task.IsCompletedSuccessfully)
            {
                (await memory.Task.ConfigureAwait(false)).Dispose();
            }
        }

        AtomicExecutor.Commit(context);
        await RunGuestAsync(operation, key, context).ConfigureAwait(false);
    }

    /// <summary>What a former process left of migrations towards this host: those that were not decided have failed, and what follows from
    /// the others is done.</summary>
    public async Task SettleAsync(CancellationToken cancel)
    {
        foreach (var (key, arrival) in arrivals.Unfinished)
        {
            if (arrival.Outcome == ArrivalOutcome.Committed)
            {
                if (backend.GetStatus(arrival.Vm) is { } domain)
                {
                    // Its domain still carries the request to end it, which is for one that is half-made.
                    bool stays = arrival.Paused || domain is not { Paused: true, ShutdownReason: null };
                    var plan = MigrationPlans.DestinationRun(arrival.Vm, stays);
                    await executor.RunAsync(plan, new RunContext(TaskTable.Internal("settle"), plan.Sum(AtomicTraits.Weight)), cancel).ConfigureAwait(false);
                }
            }
            else
            {
                arrivals.Change(key, static a => a with { Outcome = ArrivalOutcome.Failed });
                await RemoveAsync(arrival.Temporary, cancel).ConfigureAwait(false);
                if (arrival.Renamed)
                {
                    await RemoveAsync(arrival.Vm, cancel).ConfigureAwait(false);
                }
            }

            arrivals.Change(key, static a => a with { Done = true });
            Log.ArrivalSettled(logger, arrival.Vm, arrival.Outcome == ArrivalOutcome.Committed ? ArrivalOutcome.Committed : ArrivalOutcome.Failed);
        }
    }

    /// <summary>From point 1 to point 3. The control connection is listened to all the while: its end stops the restore.</summary>
    private async Task RestoreAsync(
        Operation.VM_receive_memory operation, Task<MigrationConnection> offered, MigrationConnection? vgpus, RunContext context, CancellationToken cancel)
    {
        var control = operation.Control;
        await Handshake.ExpectSuccessAsync(control.Bytes, "point 1-mem ack", times.MemoryConnection, cancel).ConfigureAwait(false);
        if (!offered.IsCompletedSuccessfully)
        {
            throw XenopsError.Internal("the source acknowledged a memory connection that did not come");
        }

        var memory = await offered.ConfigureAwait(false);
        // Its plain end tells the source that all memory is in place. On a failure it is reset, and not before the source was told why.
        memory.ResetOnClose(true);
        steps.Reach(MigrationSteps.ReceiveMemory, control, memory);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var pointThree = Handshake.ExpectSuccessAsync(control.Bytes, "point 3", ExecutorLimits.AtomicDeadline + times.PointThree, stop.Token);
        try
        {
            using (var channel = memory.OpenChannel(operation.Arrival.Compressed, silence))
            {
                using var states = vgpus?.OpenChannel(operation.Arrival.Compressed, silence);
                context.Memory = channel;
                context.Vgpus = states;
                context.Transferring = progress => steps.ReachWithin(MigrationSteps.ReceiveRestoring, progress, control, memory);
                var restoring = executor.RunAsync(MigrationPlans.DestinationRestore(store.Get(operation.Vm).Devices), context, stop.Token);
                if (await Task.WhenAny(restoring, pointThree).ConfigureAwait(false) == pointThree && !pointThree.IsCompletedSuccessfully)
                {
                    await stop.CancelAsync().ConfigureAwait(false);
                    await restoring.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    await pointThree.ConfigureAwait(false);
                }

                await restoring.ConfigureAwait(false);
            }

            steps.Reach(MigrationSteps.ReceiveRestored, control, memory);
            Log.Point(logger, operation.Vm, "2");
            await memory.CloseAsync(cancel).ConfigureAwait(false);
            steps.Reach(MigrationSteps.ReceivePointTwo, control);
            await pointThree.WaitAsync(times.PointThree, cancel).ConfigureAwait(false);
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await pointThree.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
    }

    /// <summary>A VM with graphics cards comes with a connection more, which is there before anything is made for the VM.</summary>
    private async Task<MigrationConnection?> TakeVgpusAsync(Operation.VM_receive_memory operation, CancellationToken cancel)
    {
        if (operation.Arrival.Legacy || VgpuPlans.WithState(store.Get(operation.Vm).Devices) is null)
        {
            return null;
        }

        var vgpus = await cards.TakeAsync(operation.Vm, operation.Control, cancel).ConfigureAwait(false);
        steps.Reach(MigrationSteps.ReceiveVgpus, operation.Control, vgpus);
        return vgpus;
    }

    /// <summary>The same with an old source, whose memory comes on the control connection.</summary>
    private async Task RestoreLegacyAsync(Operation.VM_receive_memory operation, RunContext context, CancellationToken cancel)
    {
        using (var channel = operation.Control.OpenChannel(compressed: false, silence))
        {
            context.Memory = channel;
            await executor.RunAsync(MigrationPlans.DestinationRestore(store.Get(operation.Vm).Devices), context, cancel).ConfigureAwait(false);
        }

        Log.Point(logger, operation.Vm, "2");
        await Handshake.ExpectSuccessAsync(operation.Control.Bytes, "point 3", times.PointThree, cancel).ConfigureAwait(false);
    }

    /// <summary>Point 3 was read. Everything that can fail comes first, then the decision; nothing but a failure of this host may stop it.</summary>
    private async Task TakeAsync(Operation.VM_receive_memory operation, string key, RunContext context)
    {
        arrivals.Change(key, static a => a with { Renamed = true });
        var devices = store.Get(operation.Vm).WithId(operation.Arrival.FinalId).Devices;
        await executor.RunAsync(MigrationPlans.DestinationTake(devices, operation.Vm), context, CancellationToken.None).ConfigureAwait(false);
        steps.Reach(MigrationSteps.ReceiveTaken, operation.Control);
        arrivals.Change(key, static a => a with { Outcome = ArrivalOutcome.Committed });
        steps.Reach(MigrationSteps.ReceiveDecided, operation.Control);
    }

    /// <summary>The VM is this host's: its guest runs, and the source hears so.</summary>
    private async Task RunGuestAsync(Operation.VM_receive_memory operation, string key, RunContext context)
    {
        try
        {
            var plan = MigrationPlans.DestinationRun(operation.Arrival.FinalId, operation.Arrival.Paused);
            await executor.RunAsync(plan, context, CancellationToken.None).ConfigureAwait(false);
        }
        finally
        {
            steps.Reach(MigrationSteps.ReceiveRunning, operation.Control);
            await TellAsync(operation.Control, null).ConfigureAwait(false);
            steps.Reach(MigrationSteps.ReceivePointFour, operation.Control);
            Log.Point(logger, operation.Arrival.FinalId, "4");
            arrivals.Change(key, static a => a with { Done = true });
        }
    }

    /// <summary>The migration failed: that is written down, the source is told so that its guest goes on, and this host clears away.</summary>
    private async Task GiveBackAsync(Operation.VM_receive_memory operation, string key, XenopsError known, RunContext context)
    {
        try
        {
            arrivals.Change(key, static a => a with { Outcome = ArrivalOutcome.Failed });
        }
        catch (XenopsError unwritten)
        {
            // The source keeps asking until it is: after a restart at the latest.
            Log.FailureIgnored(logger, nameof(Arrivals), unwritten.Message);
        }

        await TellAsync(operation.Control, known.Value).ConfigureAwait(false);
        await executor.UndoAsync(context).ConfigureAwait(false);
        await DiscardAsync(operation.Vm, context.Task).ConfigureAwait(false);
        arrivals.Change(key, static a => a with { Done = true });
    }

    private double TotalWeight(Operation.VM_receive_memory operation)
    {
        var devices = store.Get(operation.Vm).Devices;
        var final = store.Get(operation.Vm).WithId(operation.Arrival.FinalId).Devices;
        ImmutableArray<Atomic> all =
        [
            .. MigrationPlans.DestinationCreate(devices, operation.Arrival.MemoryLimit, operation.Arrival.FinalId, operation.Arrival.MemoryTotalSource),
            .. MigrationPlans.DestinationRestore(store.Get(operation.Vm).Devices),
            .. MigrationPlans.DestinationTake(final, operation.Vm),
            .. MigrationPlans.DestinationRun(operation.Arrival.FinalId, operation.Arrival.Paused),
        ];
        return all.Sum(AtomicTraits.Weight);
    }

    /// <summary>A record of the VM without a domain is a former life's here. It would be in the way of the last rename, and be taken for
    /// the VM by a source that asks.</summary>
    private void ForgetFormer(string finalId)
    {
        if (backend.GetStatus(finalId) is null)
        {
            store.Remove(finalId);
        }
    }

    private async Task RemoveAsync(string id, CancellationToken cancel)
    {
        if (backend.GetStatus(id) is not null)
        {
            Log.LeftoverRemoved(logger, id);
            await backend.DestroyAsync(id, cancel).ConfigureAwait(false);
        }

        store.Remove(id);
    }

    private async Task DiscardAsync(string temporary, XenopsTask task)
    {
        if (store.Find(temporary) is not { } record)
        {
            return;
        }

        using var deadline = new CancellationTokenSource(MigrationLimits.Discard);
        var plan = MigrationPlans.Discard(record.Devices);
        await executor.RunAsync(plan, new RunContext(task, plan.Sum(AtomicTraits.Weight)), deadline.Token).ConfigureAwait(false);
    }

    /// <summary>Success (null) or an error, to a source that may be gone: it learns the same from the end of the connection.</summary>
    private static async Task TellAsync(MigrationConnection control, XenopsErrorValue? error)
    {
        try
        {
            await (error is null
                ? Handshake.SendSuccessAsync(control.Bytes, CancellationToken.None)
                : Handshake.SendErrorAsync(control.Bytes, error, CancellationToken.None)).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is IOException or TimeoutException)
        {
            // Nobody is there to hear it; the VM's fate does not depend on it.
        }
    }
}
