using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Atomics;

/// <summary>Does the steps that move a guest's memory: over the connection of a migration, or to and from a suspend image.</summary>
internal sealed class TransferActions(IBackend backend, VmStore store, SaveOptions saveOptions, ILogger logger)
{
    private const double BytesPerMib = 1 << 20;

    /// <summary>The task cannot be cancelled any more once the guest is asked to suspend. A VM whose image is complete is suspended from then on.</summary>
    internal async Task SaveAsync(Atomic.VM_save atomic, RunContext context, CancellationToken cancel)
    {
        using var image = atomic.Image is { } disk ? SuspendImage.Create(backend.Devices.PathOf(disk)) : null;
        try
        {
            var options = (context.SaveOptions ?? saveOptions) with
            {
                Live = atomic.Live,
                PeerTakesZeroRecords = context.PeerTakesZeroRecords,
                WithVgpus = image is not null && VgpuPlans.WithState(store.Get(atomic.Vm).Devices) is not null,
            };
            context.Sent = await backend.SaveAsync(atomic.Vm, options, image ?? Memory(context), async token =>
            {
                context.Task.ForbidCancel();
                context.Suspending?.Invoke();
                if (backend.GetStatus(atomic.Vm) is { Paused: true, ShutdownReason: null })
                {
                    // A guest suspends itself: for that moment it has to run.
                    await backend.UnpauseAsync(atomic.Vm, token).ConfigureAwait(false);
                }
            }, new Progress(context, atomic), cancel).ConfigureAwait(false);
            if (context.Vgpus is { } vgpus)
            {
                await backend.Devices.SaveVgpusAsync(atomic.Vm, vgpus, CancellationToken.None).ConfigureAwait(false);
            }

            await backend.Devices.FlushDisksAsync(atomic.Vm, CancellationToken.None).ConfigureAwait(false);
            context.Suspended?.Invoke();
            if (image is not null)
            {
                long bytes = backend.GetStatus(atomic.Vm)?.MemoryActualBytes ?? store.Get(atomic.Vm).Vm.memory_dynamic_max;
                store.Update(atomic.Vm, r => r.WithPersistent(p => p with { suspend_memory_bytes = bytes }));
            }
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            // A step that fails has no undo of its own: what it did in part, it takes back itself.
            using var deadline = new CancellationTokenSource(ExecutorLimits.UndoDeadline);
            await FastResumeAsync(atomic.Vm, deadline.Token).ConfigureAwait(false);
            throw;
        }
    }

    internal async Task RestoreAsync(Atomic.VM_restore atomic, RunContext context, CancellationToken cancel)
    {
        using var image = atomic.Image is { } disk ? SuspendImage.Open(backend.Devices.PathOf(disk)) : null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        var memory = backend.RestoreAsync(atomic.Vm, image ?? Memory(context), new Progress(context, atomic), stop.Token);
        var vgpus = context.Vgpus is { } channel ? backend.Devices.RestoreVgpusAsync(atomic.Vm, channel, stop.Token) : Task.CompletedTask;
        await BothAsync(memory, vgpus, stop).ConfigureAwait(false);
        var statistics = await memory.ConfigureAwait(false);
        double mib = statistics.BytesReceived / BytesPerMib;
        Log.MemoryRestored(logger, atomic.Vm, mib, statistics.Duration.TotalSeconds, mib / statistics.Duration.TotalSeconds);
    }

    /// <summary>The domain goes on, and an image made of it is worth nothing. Nothing for a domain that is not suspended.</summary>
    internal async Task FastResumeAsync(string vm, CancellationToken cancel)
    {
        if (backend.GetStatus(vm) is not { ShutdownReason: ShutdownReason.Suspend })
        {
            return;
        }

        if (store.Find(vm) is { HasImage: true })
        {
            store.Update(vm, static r => r.WithPersistent(static p => p with { suspend_memory_bytes = 0 }));
        }

        await backend.ResumeAsync(vm, cancel).ConfigureAwait(false);
    }

    /// <summary>Waits for two copies that come side by side; the first that fails ends the other, and is raised.</summary>
    private static async Task BothAsync(Task one, Task other, CancellationTokenSource stop)
    {
        var first = await Task.WhenAny(one, other).ConfigureAwait(false);
        if (!first.IsCompletedSuccessfully)
        {
            await stop.CancelAsync().ConfigureAwait(false);
        }

        var second = first == one ? other : one;
        await second.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first.ConfigureAwait(false);
        await second.ConfigureAwait(false);
    }

    private static IDataChannel Memory(RunContext context) => context.Memory ?? throw XenopsError.Internal("no connection carries memory");

    private sealed class Progress(RunContext context, Atomic atomic) : IProgress<double>
    {
        public void Report(double value)
        {
            context.ReportWithin(atomic, value);
            context.Transferring?.Invoke(value);
        }
    }
}
