using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Migration;

/// <summary>Where a VM lives after its migration.</summary>
internal enum MigrationOutcome
{
    /// <summary>The destination has it.</summary>
    Moved,

    /// <summary>The destination has nothing of it, so it lives here.</summary>
    Stayed,

    /// <summary>The destination's host was restarted and knows nothing of it any more: the VM, if it ran there, ended.</summary>
    Lost,

    /// <summary>The destination cannot be asked, or is not done yet.</summary>
    Unknown,
}

/// <summary>
/// Ends migrations whose last word the source did not hear. The destination owns the VM from the moment it reads point 3, so the
/// source asks it, and acts on its answer alone:
/// <list type="bullet">
/// <item>it took the VM: what is left of it here goes.</item>
/// <item>it did not and never will: point 3 did not arrive, or it took everything back; the VM goes on here.</item>
/// <item>its host was restarted and knows nothing: the VM may have run there, and ended; the stale copy here goes.</item>
/// <item>anything else: the copy here stays suspended under its temporary id, neither resumed (two could run) nor destroyed (none
/// could be left), and the question is put again from time to time, after a restart too.</item>
/// </list>
/// </summary>
public sealed class MigrationResolver(
    VmStore store, IBackend backend, AtomicExecutor executor, Scheduler scheduler, PendingMigrations pending, RecoveryTimes times,
    MigrationTls tls, ILogger logger)
{
    /// <summary>Works on a VM that was left in doubt: one question, and what its answer asks for.</summary>
    public async Task RunAsync(Operation.VM_resolve_migration operation, XenopsTask task, CancellationToken cancel)
    {
        string vm = operation.Vm;
        string temporary = MigrationIds.Source(vm);
        if (pending.Find(vm) is null)
        {
            return;
        }

        if (backend.GetStatus(temporary) is null)
        {
            // The domain went with its host or its process: there is nothing to decide about.
            store.Remove(temporary);
            pending.End(vm);
            return;
        }

        scheduler.Alias(vm, temporary);
        var (outcome, problem) = await AskAsync(vm, task.DebugInfo, TimeSpan.Zero, cancel).ConfigureAwait(false);
        if (outcome == MigrationOutcome.Unknown)
        {
            Log.InDoubt(logger, vm, problem);
            return;
        }

        Log.Resolved(logger, vm, outcome);
        var context = new RunContext(task, totalWeight: 1);
        await (outcome == MigrationOutcome.Stayed ? ResumeAsync(vm, context) : FinishAsync(vm, context)).ConfigureAwait(false);
    }

    /// <summary>Asks the destination until it knows, for as long as a migration waits; the last problem comes with Unknown.</summary>
    internal Task<(MigrationOutcome Outcome, string Problem)> AskAsync(string vm, string debugInfo, CancellationToken cancel) =>
        AskAsync(vm, debugInfo, times.Ask, cancel);

    /// <summary>Clears away what is left here of a VM that moved.</summary>
    internal async Task FinishAsync(string vm, RunContext context)
    {
        AtomicExecutor.Commit(context);
        string temporary = MigrationIds.Source(vm);
        try
        {
            await executor.RunAsync(MigrationPlans.SourceFinish(store.Get(temporary).Devices, vm), context, CancellationToken.None).ConfigureAwait(false);
        }
        catch (XenopsError error)
        {
            // Step by step if it must.
            Log.CommittedFailure(logger, vm, error.Value.ToString());
            if (store.Find(temporary) is { } left)
            {
                await executor.RunAsync(MigrationPlans.Discard(left.Devices), context, CancellationToken.None).ConfigureAwait(false);
            }
        }

        pending.End(vm);
    }

    /// <summary>Lets a VM that stayed go on, under its own id.</summary>
    internal async Task ResumeAsync(string vm, RunContext context)
    {
        AtomicExecutor.Commit(context);
        if (backend.GetStatus(vm) is null)
        {
            // What a client wrote under the VM's id while the VM itself was in doubt.
            store.Remove(vm);
        }

        await executor.RunAsync(MigrationPlans.SourceResume(vm, MigrationIds.Source(vm)), context, CancellationToken.None).ConfigureAwait(false);
        if (pending.Find(vm) is { Paused: true })
        {
            await executor.RunAsync([new Atomic.VM_pause(vm)], context, CancellationToken.None).ConfigureAwait(false);
        }

        pending.End(vm);
        await GiveRangeBackAsync(vm).ConfigureAwait(false);
    }

    /// <summary>A guest that gave memory back for its journey may have it again: it stayed.</summary>
    internal async Task GiveRangeBackAsync(string vm)
    {
        if (store.Find(vm)?.Vm is not { } record || record.memory_dynamic_min == record.memory_dynamic_max || backend.GetStatus(vm) is null)
        {
            return;
        }

        try
        {
            using var deadline = new CancellationTokenSource(MigrationLimits.Discard);
            await backend.Devices.SetMemoryDynamicRangeAsync(vm, record.memory_dynamic_min, record.memory_dynamic_max, deadline.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            // It goes on with less until its range is set the next time.
            Log.FailureIgnored(logger, nameof(Atomic.VM_set_memory_dynamic_range), error.Message);
        }
    }

    private async Task<(MigrationOutcome, string)> AskAsync(string vm, string debugInfo, TimeSpan limit, CancellationToken cancel)
    {
        if (pending.Find(vm) is not { } departure)
        {
            return (MigrationOutcome.Unknown, "there is no record of its migration");
        }

        var host = new RemoteHost(departure.Destination, departure.Verify, tls);
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        while (true)
        {
            string problem = "the destination is not done with it";
            try
            {
                var outcome = await RemoteXenops.OutcomeAsync(host, vm, departure.Token, debugInfo, cancel).ConfigureAwait(false);
                if (outcome != MigrationOutcome.Unknown)
                {
                    return (outcome, "");
                }
            }
            catch (XenopsError error)
            {
                problem = error.Value.ToString();
            }

            if (System.Diagnostics.Stopwatch.GetElapsedTime(started) + times.Pause >= limit)
            {
                return (MigrationOutcome.Unknown, problem);
            }

            await Task.Delay(times.Pause, cancel).ConfigureAwait(false);
        }
    }
}
