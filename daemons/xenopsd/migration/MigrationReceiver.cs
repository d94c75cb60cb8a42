using System.Collections.Concurrent;
using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Migration;

/// <summary>
/// The destination's side of a migration; see <see cref="MigrationSender"/> for the sequence. Memory is reserved before point 1.
/// From the moment point 3 is read the VM is this host's; a source that hears no more asks what became of it. Any failure before the
/// guest runs here, the end of the control connection included, removes the half-made domain and its
/// metadata.
/// </summary>
public sealed class MigrationReceiver(VmStore store, IBackend backend, AtomicExecutor executor, Scheduler scheduler, UnclaimedMetadata unclaimed, TimeSpan silence, ILogger logger)
{
    private readonly ConcurrentDictionary<string, TaskCompletionSource<Socket>> expected = new(StringComparer.Ordinal);

    /// <summary>Gives a memory connection to the migration that waits for it, and tells the source so. Raises Does_not_exist when
    /// none does.</summary>
    public async Task OfferMemoryAsync(string temporary, Socket memory, CancellationToken cancel)
    {
        if (!expected.TryGetValue(temporary, out var waiting) || !waiting.TrySetResult(memory))
        {
            throw XenopsError.DoesNotExist("migration", temporary);
        }

        await Handshake.SendSuccessAsync(memory, cancel).ConfigureAwait(false);
    }

    /// <summary>Runs one migration towards this host; closes its connections.</summary>
    public async Task RunAsync(Operation.VM_receive_memory operation, XenopsTask task, CancellationToken cancel)
    {
        string temporary = operation.Vm;
        var memory = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);
        using var control = operation.Control;
        if (expected.Count >= MigrationLimits.MaxReceives || !expected.TryAdd(temporary, memory))
        {
            var refusal = XenopsError.Internal($"{temporary} is being received already, or {MigrationLimits.MaxReceives} others are");
            await TellAsync(control, refusal.Value).ConfigureAwait(false);
            throw refusal;
        }

        unclaimed.Claim(temporary);
        scheduler.Alias(temporary, operation.FinalId);
        var context = new RunContext(task, totalWeight: 1);
        try
        {
            if (operation.FinalId != temporary)
            {
                ForgetFormer(operation.FinalId);
            }

            var devices = store.Get(temporary).Devices;
            var finish = MigrationPlans.DestinationFinish(store.Get(temporary).WithId(operation.FinalId).Devices, temporary);
            var create = MigrationPlans.DestinationCreate(devices, operation.MemoryLimit, operation.FinalId);
            var restore = MigrationPlans.DestinationRestore(devices);
            context = new RunContext(task, create.Sum(AtomicTraits.Weight) + restore.Sum(AtomicTraits.Weight) + finish.Sum(AtomicTraits.Weight));
            await executor.RunAsync(create, context, cancel).ConfigureAwait(false);
            await Handshake.SendSuccessAsync(control, cancel).ConfigureAwait(false);
            Log.Point(logger, temporary, "1");
            await RestoreAsync(temporary, control, memory.Task, context, cancel).ConfigureAwait(false);
            Log.Point(logger, temporary, "3");

            // The VM is ours: nothing but a failure of this host may stop it now.
            await executor.RunAsync(finish, context, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            var known = AtomicExecutor.Classify(error, task);
            Log.NotReceived(logger, temporary, known.Value.ToString());
            // The source hears it first, so that its guest goes on while this host clears away.
            await TellAsync(control, known.Value).ConfigureAwait(false);
            await executor.UndoAsync(context).ConfigureAwait(false);
            await DiscardAsync(temporary, task).ConfigureAwait(false);
            throw known;
        }
        finally
        {
            expected.TryRemove(temporary, out _);
            if (memory.Task.IsCompletedSuccessfully)
            {
                (await memory.Task.ConfigureAwait(false)).Dispose();
            }
        }

        await TellAsync(control, null).ConfigureAwait(false);
        Log.Point(logger, operation.FinalId, "4");
    }

    /// <summary>From point 1 to point 3. The control connection is listened to all the while: its end stops the restore.</summary>
    private async Task RestoreAsync(string temporary, Socket control, Task<Socket> offered, RunContext context, CancellationToken cancel)
    {
        await Handshake.ExpectSuccessAsync(control, "point 1-mem ack", MigrationLimits.MemoryConnection, cancel).ConfigureAwait(false);
        if (!offered.IsCompletedSuccessfully)
        {
            throw XenopsError.Internal("the source acknowledged a memory connection that did not come");
        }

        var memory = await offered.ConfigureAwait(false);
        using var channel = new SocketChannel(memory, silence);
        context.Memory = channel;
        // Its plain end tells the source that all memory is in place. On a failure it is reset, and not before the source was told why.
        memory.LingerState = new LingerOption(true, 0);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var pointThree = Handshake.ExpectSuccessAsync(control, "point 3", ExecutorLimits.AtomicDeadline + MigrationLimits.PointThree, stop.Token);
        var restoring = executor.RunAsync(MigrationPlans.DestinationRestore(store.Get(temporary).Devices), context, stop.Token);
        if (await Task.WhenAny(restoring, pointThree).ConfigureAwait(false) == pointThree && !pointThree.IsCompletedSuccessfully)
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await restoring.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await pointThree.ConfigureAwait(false);
        }

        try
        {
            await restoring.ConfigureAwait(false);
            Log.Point(logger, temporary, "2");
            memory.LingerState = new LingerOption(false, 0);
            channel.Dispose();
            memory.Dispose();
            await pointThree.WaitAsync(MigrationLimits.PointThree, cancel).ConfigureAwait(false);
        }
        catch
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await pointThree.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            throw;
        }
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
    private static async Task TellAsync(Socket control, XenopsErrorValue? error)
    {
        try
        {
            await (error is null
                ? Handshake.SendSuccessAsync(control, CancellationToken.None)
                : Handshake.SendErrorAsync(control, error, CancellationToken.None)).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is SocketException or TimeoutException)
        {
            // Nobody is there to hear it; the VM's fate does not depend on it.
        }
    }
}
