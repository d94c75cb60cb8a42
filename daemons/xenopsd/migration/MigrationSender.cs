using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Migration.Channels;
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
    TimeSpan silence,
    ILogger logger)
{
    private const double BytesPerMib = 1 << 20;

    public async Task RunAsync(Operation.VM_migrate operation, XenopsTask task, CancellationToken cancel)
    {
        string vm = operation.Vm;
        string temporary = MigrationIds.Source(vm);
        scheduler.Alias(vm, temporary);
        var record = store.Get(vm);
        var send = MigrationPlans.SourceSend(vm, temporary);
        var finish = MigrationPlans.SourceFinish(record.WithId(temporary).Devices, vm);
        var context = new RunContext(task, 1 + send.Sum(AtomicTraits.Weight) + finish.Sum(AtomicTraits.Weight));
        XenopsError? failure;
        try
        {
            using var control = await SendAsync(operation, record, context, cancel).ConfigureAwait(false);
            failure = await CommitAsync(vm, control, task).ConfigureAwait(false);
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            await executor.UndoAsync(context).ConfigureAwait(false);
            pending.End(vm);
            var known = AtomicExecutor.Classify(error, task);
            Log.SourceGoesOn(logger, vm, known.Value.ToString());
            throw known;
        }

        if (failure is not null)
        {
            await SettleAsync(operation, failure, context, cancel).ConfigureAwait(false);
        }

        await resolver.FinishAsync(vm, context).ConfigureAwait(false);
        Report(operation, context.Sent);
    }

    private void Report(Operation.VM_migrate operation, SaveStatistics? sent)
    {
        if (sent is not null)
        {
            double mib = sent.BytesSent / BytesPerMib;
            double seconds = sent.Duration.TotalSeconds;
            Log.Migrated(
                logger, operation.Vm, operation.Destination.Authority, mib, sent.Passes.Count, seconds, mib / seconds, sent.Downtime.TotalMilliseconds);
        }
    }

    /// <summary>Point 3 goes out and point 4 comes in; what kept it from coming is returned, for nothing is known then.</summary>
    private async Task<XenopsError?> CommitAsync(string vm, Socket control, XenopsTask task)
    {
        try
        {
            await Handshake.SendSuccessAsync(control, CancellationToken.None).ConfigureAwait(false);
            Log.Point(logger, vm, "3");
            await Handshake.ExpectSuccessAsync(control, "point 4", MigrationLimits.PointFour, CancellationToken.None).ConfigureAwait(false);
            Log.Point(logger, vm, "4");
            return null;
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            return AtomicExecutor.Classify(error, task);
        }
    }

    /// <summary>Point 4 did not come. Returns when the VM moved all the same; raises <paramref name="failure"/> when it goes on here, and
    /// Internal_error when nobody could be asked.</summary>
    private async Task SettleAsync(Operation.VM_migrate operation, XenopsError failure, RunContext context, CancellationToken cancel)
    {
        string vm = operation.Vm;
        Log.AsksDestination(logger, vm, failure.Value.ToString(), operation.Destination.Authority);
        var (outcome, problem) = (MigrationOutcome.Unknown, "xenopsd ends");
        try
        {
            (outcome, problem) = await resolver.AskAsync(operation.Destination, vm, context.Task.DebugInfo, cancel).ConfigureAwait(false);
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
            case MigrationOutcome.Stayed:
                Log.SourceGoesOn(logger, vm, failure.Value.ToString());
                await resolver.ResumeAsync(vm, context).ConfigureAwait(false);
                throw failure;
            default:
                AtomicExecutor.Commit(context);
                pending.LeaveUndecided(vm);
                Log.InDoubt(logger, vm, problem);
                throw XenopsError.Internal(
                    $"migration in doubt: {operation.Destination.Authority} did not say whether it has {vm}, whose copy here stays suspended until it does ({problem})", failure);
        }
    }

    /// <summary>Everything before point 3; returns the control connection.</summary>
    private async Task<Socket> SendAsync(Operation.VM_migrate operation, VmRecord record, RunContext context, CancellationToken cancel)
    {
        string vm = operation.Vm;
        string destination = MigrationIds.Destination(vm);
        await executor.RunAsync(MigrationPlans.SourcePrepare(record.Devices), context, cancel).ConfigureAwait(false);
        var features = await RemoteXenops.FeaturesAsync(operation.Destination, context.Task.DebugInfo, cancel).ConfigureAwait(false);
        context.PeerTakesZeroRecords = features.Contains(XenopsFeatures.ZeroPages);
        string metadata = MetadataText.Write(Remapped(record, operation)).Replace(vm, destination, StringComparison.Ordinal);
        await RemoteXenops.ImportMetadataAsync(operation.Destination, context.Task.DebugInfo, metadata, cancel).ConfigureAwait(false);

        var cookies = Cookies(vm, context.Task.DebugInfo);
        var control = await RemoteConnection.OpenAsync(
            operation.Destination, PutRequest.Head(operation.Destination, "vm", destination, cookies.Concat(MemoryCookies(vm))), cancel).ConfigureAwait(false);
        try
        {
            await Handshake.ExpectSuccessAsync(control, "point 1", MigrationLimits.PointOne, cancel).ConfigureAwait(false);
            Log.Point(logger, vm, "1");
            using (var memory = await RemoteConnection.OpenAsync(
                operation.Destination, PutRequest.Head(operation.Destination, "mem", destination, cookies), cancel).ConfigureAwait(false))
            {
                await Handshake.ExpectSuccessAsync(memory, "point 1-mem", MigrationLimits.MemoryConnection, cancel).ConfigureAwait(false);
                await Handshake.SendSuccessAsync(control, cancel).ConfigureAwait(false);
                pending.Begin(vm, operation.Destination);
                using (var channel = new SocketChannel(memory, silence))
                {
                    context.Memory = channel;
                    await executor.RunAsync(MigrationPlans.SourceSend(vm, MigrationIds.Source(vm)), context, cancel).ConfigureAwait(false);
                }

                Log.Point(logger, vm, "2");
                await DrainAsync(memory, cancel).ConfigureAwait(false);
            }

            await RequireSilenceAsync(control, cancel).ConfigureAwait(false);
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

    /// <summary>A connection that broke has no reason of its own: the destination may have sent one on the other.</summary>
    private static async Task<XenopsError> ExplainAsync(Socket control, XenopsError known)
    {
        if (known.Value is not XenopsErrorValue.Internal_error)
        {
            return known;
        }

        try
        {
            await Handshake.ExpectSuccessAsync(control, "an explanation", MigrationLimits.Explanation, CancellationToken.None).ConfigureAwait(false);
            return known;
        }
        catch (XenopsError peer)
        {
            return peer;
        }
        catch (Exception gone) when (gone is SocketException or IOException or TimeoutException)
        {
            return known;
        }
    }

    /// <summary>Ends the memory stream and waits until the destination, having read it all, closes its end.</summary>
    private static async Task DrainAsync(Socket memory, CancellationToken cancel)
    {
        memory.Shutdown(SocketShutdown.Send);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(MigrationLimits.Drain);
        try
        {
            byte[] nothing = new byte[1];
            if (await memory.ReceiveAsync(nothing, SocketFlags.None, deadline.Token).ConfigureAwait(false) != 0)
            {
                throw new IOException("the destination sent bytes on the memory connection");
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new TimeoutException($"the destination did not take the memory within {MigrationLimits.Drain.TotalSeconds:0} s");
        }
    }

    /// <summary>The destination has nothing to say between its points 1 and 4: what is there to read is a failure or its end.</summary>
    private static Task RequireSilenceAsync(Socket control, CancellationToken cancel) =>
        control.Poll(0, SelectMode.SelectRead)
            ? Handshake.ExpectSuccessAsync(control, "point 3", MigrationLimits.Send, cancel)
            : Task.CompletedTask;

    private static async Task TellAsync(Socket control, XenopsErrorValue error)
    {
        try
        {
            await Handshake.SendErrorAsync(control, error, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is SocketException or TimeoutException)
        {
            // The peer cannot be told; it learns the same from the end of the connection.
        }
    }

    private KeyValuePair<string, string>[] Cookies(string vm, string debugInfo) =>
    [
        new("instance_id", instanceId),
        new("final_id", vm),
        new("dbg", debugInfo),
        new("mem_migration", Daemon.Version),
    ];

    private IEnumerable<KeyValuePair<string, string>> MemoryCookies(string vm)
    {
        var domain = backend.GetStatus(vm) ?? throw XenopsError.DoesNotExist("domain", vm);
        yield return new("memory_limit", domain.MemoryLimitBytes.ToString(CultureInfo.InvariantCulture));
        yield return new("memory_total_source", domain.MemoryActualBytes.ToString(CultureInfo.InvariantCulture));
    }

    private static VmRecord Remapped(VmRecord record, Operation.VM_migrate operation) => record with
    {
        Vbds = [.. record.Vbds.Select(v => v.backend is Disk.VDI { location: var old } && operation.VdiMap.TryGetValue(old, out string? location)
            ? v with { backend = new Disk.VDI(location) }
            : v)],
        Vifs = [.. record.Vifs.Select(v => operation.VifMap.TryGetValue(v.id.device, out var network) ? v with { backend = network } : v)],
    };
}
