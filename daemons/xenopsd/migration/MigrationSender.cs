using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Globalization;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Migration.Stream;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Migration;

/// <summary>
/// The source's side of a migration (xenops protocol).
/// <code>
///   query           ->            what the destination takes beyond the original protocol
///   import_metadata ->            metadata under the temporary id
///   vm connection   ->            domain made, memory reserved
///                   &lt;- point 1
///   mem connection  -> &lt;- 1-mem
///   1-mem ack       ->
///   memory          ->            until the guest is suspended here (point 2) and the last byte read there
///   point 3         ->            the commit record: from here on the VM is the destination's
///                   &lt;- point 4   it runs there
/// </code>
/// Every failure before point 3 leaves the VM running here under its own id. After it the VM is the destination's if the destination
/// read it: a source that does not hear point 4 asks (<see cref="MigrationResolver"/>) before it does anything to its copy.
/// </summary>
public sealed class MigrationSender(
    VmStore store,
    IBackend backend,
    AtomicExecutor executor,
    Scheduler scheduler,
    PendingMigrations pending,
    MigrationResolver resolver,
    string instanceId,
    MigrationTls tls,
    PhaseTimes times,
    MigrationSteps steps,
    ILogger logger)
{
    private const int TokenBytes = 16;

    private readonly DepartureConnections connections = new(backend, instanceId, times, steps);
    private readonly ConcurrentDictionary<string, bool> leaving = new(StringComparer.Ordinal);

    /// <summary>Whether an id is the temporary one of a VM that is being sent, from the first step to the last, whether its domain carries it yet or not.</summary>
    public bool IsLeaving(string temporary) => leaving.ContainsKey(temporary);

    /// <summary>Runs one migration away from this host.</summary>
    public async Task RunAsync(Operation.VM_migrate operation, XenopsTask task, CancellationToken cancel)
    {
        string temporary = MigrationIds.Source(operation.Vm);
        scheduler.Alias(operation.Vm, temporary);
        leaving[temporary] = true;
        try
        {
            await RunAsync(operation, temporary, task, cancel).ConfigureAwait(false);
        }
        finally
        {
            leaving.TryRemove(temporary, out _);
        }
    }

    private async Task RunAsync(Operation.VM_migrate operation, string temporary, XenopsTask task, CancellationToken cancel)
    {
        string vm = operation.Vm;
        var record = store.Get(vm);
        var journey = new Journey(
            operation, new RemoteHost(operation.Destination, operation.Request.Verify, tls), backend.GetStatus(vm) is { Paused: true, ShutdownReason: null });
        var send = MigrationPlans.SourceSend(vm, temporary);
        var finish = MigrationPlans.SourceFinish(record.WithId(temporary).Devices, vm);
        var context = new RunContext(task, 1 + send.Sum(AtomicTraits.Weight) + finish.Sum(AtomicTraits.Weight));
        XenopsError? failure;
        try
        {
            using var control = await SendAsync(journey, record, context, cancel).ConfigureAwait(false);
            failure = await CommitAsync(vm, control, task).ConfigureAwait(false);
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            await executor.UndoAsync(context).ConfigureAwait(false);
            await RepauseAsync(journey, context).ConfigureAwait(false);
            await resolver.GiveRangeBackAsync(vm).ConfigureAwait(false);
            pending.End(vm);
            var known = AtomicExecutor.Classify(error, task);
            Log.SourceGoesOn(logger, vm, known.Value.ToString());
            throw known;
        }

        if (failure is not null)
        {
            await SettleAsync(journey, failure, context, cancel).ConfigureAwait(false);
        }

        await resolver.FinishAsync(vm, context).ConfigureAwait(false);
        steps.Reach(MigrationSteps.SendFinished);
        MigrationReport.Write(operation, context, logger);
    }

    /// <summary>Point 3 goes out and point 4 comes in; what kept it from coming is returned, for nothing is known then.</summary>
    private async Task<XenopsError?> CommitAsync(string vm, MigrationConnection control, XenopsTask task)
    {
        try
        {
            await Handshake.SendSuccessAsync(control.Bytes, CancellationToken.None).ConfigureAwait(false);
            Log.Point(logger, vm, "3");
            steps.Reach(MigrationSteps.SendPointThree, control);
            await Handshake.ExpectSuccessAsync(control.Bytes, "point 4", times.PointFour, CancellationToken.None).ConfigureAwait(false);
            Log.Point(logger, vm, "4");
            steps.Reach(MigrationSteps.SendPointFour, control);
            return null;
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            return AtomicExecutor.Classify(error, task);
        }
    }

    /// <summary>Point 4 did not come. Returns when the VM moved all the same; raises <paramref name="failure"/> when it goes on here, and
    /// Internal_error when nobody could be asked.</summary>
    private async Task SettleAsync(Journey journey, XenopsError failure, RunContext context, CancellationToken cancel)
    {
        string vm = journey.Vm;
        string authority = journey.Host.Url.Authority;
        Log.AsksDestination(logger, vm, failure.Value.ToString(), authority);
        var (outcome, problem) = (MigrationOutcome.Unknown, "xenopsd ends");
        try
        {
            (outcome, problem) = await resolver.AskAsync(vm, context.Task.DebugInfo, cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The next process asks.
        }

        switch (outcome)
        {
            case MigrationOutcome.Moved:
                Log.Resolved(logger, vm, outcome);
                return;
            case MigrationOutcome.Lost:
                Log.Resolved(logger, vm, outcome);
                await resolver.FinishAsync(vm, context).ConfigureAwait(false);
                throw XenopsError.Internal($"{authority} was restarted with {vm} on it: the VM has ended", failure);
            case MigrationOutcome.Stayed:
                Log.SourceGoesOn(logger, vm, failure.Value.ToString());
                await resolver.ResumeAsync(vm, context).ConfigureAwait(false);
                throw failure;
            default:
                AtomicExecutor.Commit(context);
                pending.LeaveUndecided(vm);
                Log.InDoubt(logger, vm, problem);
                throw XenopsError.Internal(
                    $"migration in doubt: {authority} did not say whether it has {vm}, whose copy here stays suspended until it does ({problem})", failure);
        }
    }

    /// <summary>Everything before point 3; returns the control connection.</summary>
    private async Task<MigrationConnection> SendAsync(Journey journey, VmRecord record, RunContext context, CancellationToken cancel)
    {
        string vm = journey.Vm;
        string debugInfo = context.Task.DebugInfo;
        await AssertCanGoAsync(record, cancel).ConfigureAwait(false);
        await executor.RunAsync(MigrationPlans.SourcePrepare(record.Devices), context, cancel).ConfigureAwait(false);
        steps.Reach(MigrationSteps.SendPrepared);
        await AgreeAsync(journey, context, cancel).ConfigureAwait(false);
        string metadata = MetadataText.Write(Remapped(record, journey.Operation)).Replace(vm, MigrationIds.Destination(vm), StringComparison.Ordinal);
        await RemoteXenops.ImportMetadataAsync(journey.Host, debugInfo, metadata, cancel).ConfigureAwait(false);
        steps.Reach(MigrationSteps.SendMetadata);
        await SqueezeAsync(journey, record, cancel).ConfigureAwait(false);

        var control = await connections.OpenVmAsync(journey, debugInfo, cancel).ConfigureAwait(false);
        try
        {
            steps.Reach(MigrationSteps.SendVmConnected, control);
            using var vgpus = await connections.OpenVgpusAsync(journey, record, control, debugInfo, cancel).ConfigureAwait(false);
            await Handshake.ExpectSuccessAsync(control.Bytes, "point 1", times.PointOne, cancel).ConfigureAwait(false);
            Log.Point(logger, vm, "1");
            steps.Reach(MigrationSteps.SendPointOne, control);
            using (var memory = await connections.OpenMemoryAsync(journey, debugInfo, cancel).ConfigureAwait(false))
            {
                await Handshake.ExpectSuccessAsync(memory.Bytes, "point 1-mem", times.MemoryConnection, cancel).ConfigureAwait(false);
                steps.Reach(MigrationSteps.SendMemoryConnected, control, memory);
                await Handshake.SendSuccessAsync(control.Bytes, cancel).ConfigureAwait(false);
                steps.Reach(MigrationSteps.SendMemoryAcknowledged, control, memory);
                pending.Begin(vm, new Departure(journey.Host.Url, journey.Token, journey.Host.Verify, journey.Paused));
                await SaveAsync(journey, control, memory, vgpus, context, cancel).ConfigureAwait(false);
                Log.Point(logger, vm, "2");
                steps.Reach(MigrationSteps.SendPointTwo, control, memory);
                await DrainAsync(memory, cancel).ConfigureAwait(false);
                steps.Reach(MigrationSteps.SendDrained, control, memory);
            }

            return control;
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            using (control)
            {
                await executor.UndoAsync(context).ConfigureAwait(false);
                var known = await ExplainAsync(control, AtomicExecutor.Classify(error, context.Task)).ConfigureAwait(false);
                await TellAsync(control, known.Value).ConfigureAwait(false);
                throw known;
            }
        }
    }

    private async Task AssertCanGoAsync(VmRecord record, CancellationToken cancel)
    {
        // A function that carries a share of a card has its state in the card's, and becomes another function there.
        if (record.Pcis.Any(p => !PciPlans.CarriesNvidia(record.Devices, p)))
        {
            throw XenopsError.Internal($"{record.Vm.id} has a PCI device: it cannot be migrated");
        }

        await backend.Devices.AssertCanSaveAsync(record.Vm.id, cancel).ConfigureAwait(false);
    }

    /// <summary>A guest that balloons travels with the least memory of its range: less has to be sent, and the destination need not have
    /// more. One that keeps its memory travels with it. On its own host it keeps what it has, which has to be there twice.</summary>
    private async Task SqueezeAsync(Journey journey, VmRecord record, CancellationToken cancel)
    {
        var (vm, request) = (record.Vm, journey.Operation.Request);
        if (vm.memory_dynamic_min == vm.memory_dynamic_max || journey.Paused || backend.GetStatus(vm.id) is not { } domain)
        {
            return;
        }

        long least = request.Localhost ? Math.Clamp(domain.MemoryActualBytes, vm.memory_dynamic_min, vm.memory_dynamic_max) : vm.memory_dynamic_min;
        await backend.Devices.SetMemoryDynamicRangeAsync(vm.id, least, least, cancel).ConfigureAwait(false);
        if (!await backend.Devices.WaitBallooningAsync(vm.id, MigrationLimits.Balloon, cancel).ConfigureAwait(false))
        {
            Log.BalloonRestless(logger, vm.id, MigrationLimits.Balloon.TotalSeconds);
        }
    }

    /// <summary>What both sides can do decides how they talk.</summary>
    private static async Task AgreeAsync(Journey journey, RunContext context, CancellationToken cancel)
    {
        var features = await RemoteXenops.FeaturesAsync(journey.Host, context.Task.DebugInfo, cancel).ConfigureAwait(false);
        context.PeerTakesZeroRecords = features.Contains(XenopsFeatures.ZeroPages);
        context.SaveOptions = journey.Operation.Request.Options;
        if (features.Contains(XenopsFeatures.Outcome))
        {
            journey.Token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(TokenBytes));
        }
        else if (journey.Paused)
        {
            // It would let the guest run.
            throw new XenopsError(new XenopsErrorValue.Bad_power_state(PowerState.Paused, PowerState.Running));
        }
    }

    /// <summary>The memory, until the guest is suspended and out of the way of its own id.</summary>
    private async Task SaveAsync(
        Journey journey, MigrationConnection control, MigrationConnection memory, MigrationConnection? vgpus, RunContext context, CancellationToken cancel)
    {
        var request = journey.Operation.Request;
        using var channel = memory.OpenChannel(request.Compress, request.Options.SilenceDeadline);
        using var states = vgpus?.OpenChannel(request.Compress, request.Options.SilenceDeadline);
        context.Memory = channel;
        context.Vgpus = states;
        context.Suspending = () => steps.Reach(MigrationSteps.SendSuspending, control, memory);
        context.Suspended = () => steps.Reach(MigrationSteps.SendSuspended, control, memory);
        context.Transferring = progress => steps.ReachWithin(MigrationSteps.SendSaving, progress, control, memory);
        await executor.RunAsync(MigrationPlans.SourceSend(journey.Vm, MigrationIds.Source(journey.Vm)), context, cancel).ConfigureAwait(false);
    }

    /// <summary>A VM that was paused and stayed is paused again: to suspend itself its guest had to run for a moment.</summary>
    private async Task RepauseAsync(Journey journey, RunContext context)
    {
        if (journey.Paused && backend.GetStatus(journey.Vm) is { Paused: false })
        {
            await executor.RunAsync([new Atomic.VM_pause(journey.Vm)], context, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>A connection that broke has no reason of its own: the destination may have sent one on the other.</summary>
    private static async Task<XenopsError> ExplainAsync(MigrationConnection control, XenopsError known)
    {
        if (known.Value is not XenopsErrorValue.Internal_error || known.InnerException is NotConvergingError)
        {
            return known;
        }

        try
        {
            await Handshake.ExpectSuccessAsync(control.Bytes, "an explanation", MigrationLimits.Explanation, CancellationToken.None).ConfigureAwait(false);
            return known;
        }
        catch (XenopsError peer)
        {
            return peer;
        }
        catch (Exception gone) when (gone is IOException or TimeoutException)
        {
            return known;
        }
    }

    /// <summary>Ends the memory stream and waits until the destination, having read it all, closes its end.</summary>
    private async Task DrainAsync(MigrationConnection memory, CancellationToken cancel)
    {
        await memory.FinishSendingAsync().ConfigureAwait(false);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(times.Drain);
        try
        {
            byte[] nothing = new byte[1];
            if (await memory.Bytes.ReadAsync(nothing, deadline.Token).ConfigureAwait(false) != 0)
            {
                throw new IOException("the destination sent bytes on the memory connection");
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"the destination did not take the memory within {times.Drain.TotalSeconds:0} s");
        }
    }

    private static async Task TellAsync(MigrationConnection control, XenopsErrorValue error)
    {
        try
        {
            await Handshake.SendErrorAsync(control.Bytes, error, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is IOException or TimeoutException)
        {
            // The peer cannot be told; it learns the same from the end of the connection.
        }
    }

    private static VmRecord Remapped(VmRecord record, Operation.VM_migrate operation) =>
        MetadataRemap.Apply(record, operation.VdiMap, operation.VifMap, operation.PciMap);
}
