using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.HookScripts;
using Toolstack.Xenopsd.Migration.Stream;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Atomics;

/// <summary>Does the plain steps on the backend and in the store.</summary>
public sealed class AtomicActions(IBackend backend, VmStore store, HookRunner hooks, SaveOptions saveOptions, ILogger logger) : IAtomicActions
{
    private const double BytesPerMib = 1 << 20;

    public Task RunAsync(Atomic atomic, RunContext context, CancellationToken cancel) => atomic switch
    {
        Atomic.VM_hook_script h => hooks.RunAsync(h.Script, h.Vm, h.Reason, backend.GetStatus(h.Vm)?.Domid, cancel),
        Atomic.VM_hook_script_stable h => hooks.RunAsync(h.Script, h.Vm, h.Reason, backend.GetStatus(h.BackendVm)?.Domid, cancel),
        Atomic.VM_create c => CreateAsync(c, cancel),
        Atomic.VM_build b => backend.BuildAsync(b.Vm, cancel),
        Atomic.VM_shutdown_domain s => ShutdownDomainAsync(s, cancel),
        Atomic.VM_pause p => backend.PauseAsync(p.Vm, cancel),
        Atomic.VM_unpause u => UnpauseAsync(u, cancel),
        Atomic.VM_destroy d => DestroyAsync(d, cancel),
        Atomic.VM_delay d => Task.Delay(d.Delay, cancel),
        Atomic.VM_rename r => RenameAsync(r, cancel),
        Atomic.VM_run_script r => RunScriptAsync(r, context, cancel),
        Atomic.VM_save s => SaveAsync(s, context, cancel),
        Atomic.VM_restore r => RestoreAsync(r, context, cancel),
        Atomic.VM_fast_resume r => FastResumeAsync(r, cancel),
        _ => Done(atomic),
    };

    private Task Done(Atomic atomic)
    {
        switch (atomic)
        {
            case Atomic.VM_set_domain_action_request_none n:
                store.Mark(n.Vm, static r => r with { Survivable = true });
                break;
            case Atomic.VM_remove r:
                Remove(r.Vm);
                break;
            case Atomic.VM_create_device_model or Atomic.VM_destroy_device_model:
                // The backends there are build domains without an emulator.
                break;
            default:
                throw new XenopsError(new XenopsErrorValue.Unimplemented(atomic.GetType().Name));
        }

        return Task.CompletedTask;
    }

    private async Task CreateAsync(Atomic.VM_create atomic, CancellationToken cancel)
    {
        var record = store.Get(atomic.Vm);
        var vm = record.Vm;
        store.Mark(atomic.Vm, static r => r with { Survivable = false });
        await backend.CreateAsync(new DomainConfig(
            vm.id,
            vm.name,
            vm.memory_static_max,
            atomic.MemoryLimit ?? vm.memory_dynamic_max,
            atomic.MemoryLimit ?? vm.memory_dynamic_max,
            checked((int)vm.vcpus),
            checked((int)vm.vcpu_max),
            vm.platformdata,
            atomic.FinalId), cancel).ConfigureAwait(false);
        if (atomic.FinalId is null)
        {
            double now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
            store.Put(record with { Survivable = false, Extra = new VmExtra { persistent = record.Extra.persistent with { last_start_time = now } } });
        }
    }

    private async Task ShutdownDomainAsync(Atomic.VM_shutdown_domain atomic, CancellationToken cancel)
    {
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        var ack = atomic.Timeout < ExecutorLimits.ShutdownAck ? atomic.Timeout : ExecutorLimits.ShutdownAck;
        if (!await backend.RequestShutdownAsync(atomic.Vm, atomic.Request, ack, cancel).ConfigureAwait(false))
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_acknowledge_shutdown_request());
        }

        var rest = atomic.Timeout - System.Diagnostics.Stopwatch.GetElapsedTime(started);
        if (!await backend.WaitShutdownAsync(atomic.Vm, atomic.Request, rest > TimeSpan.Zero ? rest : TimeSpan.Zero, cancel).ConfigureAwait(false))
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_shutdown(atomic.Vm, atomic.Timeout.TotalSeconds));
        }
    }

    private Task UnpauseAsync(Atomic.VM_unpause atomic, CancellationToken cancel) =>
        backend.GetStatus(atomic.Vm) is { Paused: false } ? Task.CompletedTask : backend.UnpauseAsync(atomic.Vm, cancel);

    /// <summary>A VM without a domain is as destroyed as it can be.</summary>
    private Task DestroyAsync(Atomic.VM_destroy atomic, CancellationToken cancel) =>
        backend.GetStatus(atomic.Vm) is null ? Task.CompletedTask : backend.DestroyAsync(atomic.Vm, cancel);

    private async Task RenameAsync(Atomic.VM_rename atomic, CancellationToken cancel)
    {
        await backend.RenameAsync(atomic.Vm, atomic.NewVm, cancel).ConfigureAwait(false);
        store.Rename(atomic.Vm, atomic.NewVm);
    }

    private async Task RunScriptAsync(Atomic.VM_run_script atomic, RunContext context, CancellationToken cancel) =>
        context.Result = await backend.RunScriptAsync(atomic.Vm, atomic.Script, cancel).ConfigureAwait(false);

    private async Task SaveAsync(Atomic.VM_save atomic, RunContext context, CancellationToken cancel)
    {
        try
        {
            var options = saveOptions with { Live = atomic.Live, PeerTakesZeroRecords = context.PeerTakesZeroRecords };
            context.Sent = await backend.SaveAsync(atomic.Vm, options, Memory(context), _ =>
            {
                context.Task.ForbidCancel();
                return Task.CompletedTask;
            }, new Progress(context, atomic), cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error) && backend.GetStatus(atomic.Vm) is { ShutdownReason: ShutdownReason.Suspend })
        {
            // A step that fails has no undo of its own: what it did in part, it takes back itself.
            using var deadline = new CancellationTokenSource(ExecutorLimits.UndoDeadline);
            await backend.ResumeAsync(atomic.Vm, deadline.Token).ConfigureAwait(false);
            throw;
        }
    }

    private async Task RestoreAsync(Atomic.VM_restore atomic, RunContext context, CancellationToken cancel)
    {
        var statistics = await backend.RestoreAsync(atomic.Vm, Memory(context), new Progress(context, atomic), cancel).ConfigureAwait(false);
        double mib = statistics.BytesReceived / BytesPerMib;
        Log.MemoryRestored(logger, atomic.Vm, mib, statistics.Duration.TotalSeconds, mib / statistics.Duration.TotalSeconds);
    }

    private Task FastResumeAsync(Atomic.VM_fast_resume atomic, CancellationToken cancel) =>
        backend.GetStatus(atomic.Vm) is { ShutdownReason: ShutdownReason.Suspend } ? backend.ResumeAsync(atomic.Vm, cancel) : Task.CompletedTask;

    private void Remove(string id)
    {
        var state = VmStates.PowerStateOf(store.Get(id), backend.GetStatus(id));
        if (state is PowerState.Running or PowerState.Paused)
        {
            throw new XenopsError(new XenopsErrorValue.Bad_power_state(state, PowerState.Halted));
        }

        store.Remove(id);
    }

    private static Migration.Channels.IDataChannel Memory(RunContext context) =>
        context.Memory ?? throw XenopsError.Internal("no connection carries memory");

    private sealed class Progress(RunContext context, Atomic atomic) : IProgress<double>
    {
        public void Report(double value) => context.ReportWithin(atomic, value);
    }
}
