using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Migration;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Operations;

/// <summary>Checks that an operation may run now, makes its plan from the VM's present record, and runs it.</summary>
public sealed class OperationRunner(
    VmStore store,
    IBackend backend,
    AtomicExecutor executor,
    DomainEndings endings,
    PendingMigrations pending,
    MigrationSender sender,
    MigrationReceiver receiver,
    MigrationResolver resolver,
    UnclaimedMetadata unclaimed,
    ILogger logger)
{
    /// <summary>Runs the operation; returns what it answers. Raises XenopsError and what <see cref="AtomicExecutor.IsExpected"/> names.</summary>
    public async Task<string?> RunAsync(Operation operation, XenopsTask task, CancellationToken cancel)
    {
        switch (operation)
        {
            case Operation.VM_migrate m:
                Require(m.Vm, PowerState.Running);
                await sender.RunAsync(m, task, cancel).ConfigureAwait(false);
                return null;
            case Operation.VM_receive_memory r:
                await receiver.RunAsync(r, task, cancel).ConfigureAwait(false);
                return null;
            case Operation.VM_resolve_migration r:
                await resolver.RunAsync(r, task, cancel).ConfigureAwait(false);
                return null;
            case Operation.VM_expire_metadata e:
                Expire(e.Vm);
                return null;
            case Operation.VM_import_metadata i:
                Import(i.Metadata, i.Extra);
                return i.Vm;
            case Operation.VM_check_state c:
                return await RunPlanAsync(endings.PlanFor(c.Vm), task, cancel).ConfigureAwait(false);
            case Operation.VM_reboot r:
                return await RebootAsync(r, task, cancel).ConfigureAwait(false);
            default:
                return await RunPlanAsync(PlanFor(operation), task, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Writes the metadata of a VM; its devices become those it names.</summary>
    public void Import(Metadata metadata, VmExtra? extra)
    {
        var old = store.Find(metadata.vm.id);
        store.Put(new VmRecord(metadata.vm, metadata.vbds, metadata.vifs, extra ?? old?.Extra ?? new VmExtra(), old?.Survivable ?? false));
        unclaimed.Arrive(metadata.vm.id);
    }

    private void Expire(string temporary)
    {
        if (unclaimed.TryExpire(temporary) && store.Find(temporary) is not null && backend.GetStatus(temporary) is null)
        {
            Log.MetadataExpired(logger, temporary);
            store.Remove(temporary);
        }
    }

    private ImmutableArray<Atomic> PlanFor(Operation operation)
    {
        var devices = store.Get(operation.Vm).Devices;
        switch (operation)
        {
            case Operation.VM_start when State(operation.Vm) == PowerState.Running:
                return [];
            case Operation.VM_start s when pending.Find(s.Vm) is { } destination:
                throw XenopsError.Internal($"migration in doubt: {s.Vm} may run on {destination.Authority}, it is not started here");
            case Operation.VM_start s:
                Require(s.Vm, PowerState.Halted);
                return Plans.Start(devices, s.Force);
            case Operation.VM_poweroff p:
                return Plans.Poweroff(devices, backend.GetStatus(p.Vm) is null ? null : p.Timeout);
            case Operation.VM_pause p:
                Require(p.Vm, PowerState.Running, PowerState.Paused);
                return Plans.Pause(devices);
            case Operation.VM_unpause u:
                Require(u.Vm, PowerState.Paused, PowerState.Running);
                return Plans.Unpause(devices);
            case Operation.VM_delay d:
                return [new Atomic.VM_delay(d.Vm, d.Delay)];
            case Operation.VM_run_script r:
                Require(r.Vm, PowerState.Running, PowerState.Paused);
                return [new Atomic.VM_run_script(r.Vm, r.Script)];
            case Operation.VM_remove r:
                return [new Atomic.VM_remove(r.Vm)];
            default:
                throw new XenopsError(new XenopsErrorValue.Unimplemented(operation.Name));
        }
    }

    private async Task<string?> RebootAsync(Operation.VM_reboot operation, XenopsTask task, CancellationToken cancel)
    {
        var devices = store.Get(operation.Vm).Devices;
        Require(operation.Vm, PowerState.Running, PowerState.Paused);
        store.Mark(operation.Vm, static r => r with { Rebooting = true });
        try
        {
            return await RunPlanAsync(Plans.Reboot(devices, operation.Timeout), task, cancel).ConfigureAwait(false);
        }
        finally
        {
            store.Mark(operation.Vm, static r => r with { Rebooting = false });
        }
    }

    private async Task<string?> RunPlanAsync(ImmutableArray<Atomic> plan, XenopsTask task, CancellationToken cancel)
    {
        var context = new RunContext(task, plan.Sum(AtomicTraits.Weight));
        await executor.RunAsync(plan, context, cancel).ConfigureAwait(false);
        return context.Result;
    }

    private PowerState State(string vm) => VmStates.PowerStateOf(store.Get(vm), backend.GetStatus(vm));

    private void Require(string vm, params ReadOnlySpan<PowerState> allowed)
    {
        var state = State(vm);
        if (!allowed.Contains(state))
        {
            throw new XenopsError(new XenopsErrorValue.Bad_power_state(state, allowed[0]));
        }
    }
}
