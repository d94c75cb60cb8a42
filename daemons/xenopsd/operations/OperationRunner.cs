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
    private readonly DeviceRequests requests = new(store, backend);

    /// <summary>Runs the operation; returns what it answers. After a failure the state of what it was about is looked at, at once and in its place
    /// in the queue. Raises XenopsError and what <see cref="AtomicExecutor.IsExpected"/> names.</summary>
    public async Task<string?> RunAsync(Operation operation, XenopsTask task, CancellationToken cancel)
    {
        try
        {
            return await DoAsync(operation, task, cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            await CheckAfterAsync(operation, cancel.IsCancellationRequested && !task.Cancellation.IsCancellationRequested).ConfigureAwait(false);
            throw;
        }
    }

    private async Task<string?> DoAsync(Operation operation, XenopsTask task, CancellationToken cancel)
    {
        switch (operation)
        {
            case Operation.VM_migrate m:
                Require(m.Vm, PowerState.Running, PowerState.Paused);
                await sender.RunAsync(m, task, cancel).ConfigureAwait(false);
                return null;
            case Operation.VM_receive_memory r:
                await receiver.RunAsync(r, task, cancel).ConfigureAwait(false);
                return null;
            case Operation.VM_poweroff { Timeout: null } p when InDoubt(p.Vm):
                // Whoever ends the VM ends its copy here; what the destination has of it is the destination's.
                await resolver.FinishAsync(p.Vm, new RunContext(task, totalWeight: 1)).ConfigureAwait(false);
                return null;
            case Operation.VM_resolve_migration r:
                await resolver.RunAsync(r, task, cancel).ConfigureAwait(false);
                return null;
            case Operation.VM_expire_metadata e:
                Expire(e.Vm);
                return null;
            case Operation.VM_import_metadata i:
                await ImportAsync(i.Metadata, i.Extra, cancel).ConfigureAwait(false);
                return i.Vm;
            case Operation.VM_check_state c:
                return await RebootingAsync(c.Vm, await endings.PlanForAsync(c.Vm, cancel).ConfigureAwait(false), task, cancel).ConfigureAwait(false);
            case Operation.VM_adopt a:
                return await RebootingAsync(a.Vm, await endings.PlanForFoundAsync(a.Vm, cancel).ConfigureAwait(false), task, cancel).ConfigureAwait(false);
            case Operation.Device_check_state c:
                return await RunPlanAsync(await requests.PlanForAsync(c.Device, cancel).ConfigureAwait(false), task, cancel).ConfigureAwait(false);
            case Operation.VM_reboot r:
                Require(r.Vm, PowerState.Running, PowerState.Paused);
                return await RebootingAsync(r.Vm, VmPlans.Reboot(store.Get(r.Vm).Devices, r.Timeout), task, cancel).ConfigureAwait(false);
            case Operation.VM_suspend s:
                return await SuspendAsync(s, task, cancel).ConfigureAwait(false);
            case Operation.VM_poweroff p:
                return await PoweroffAsync(p, task, cancel).ConfigureAwait(false);
            default:
                return await RunPlanAsync(PlanFor(operation), task, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Writes the metadata of a VM; its devices become those it names. Raises Device_is_connected when one that goes is plugged.</summary>
    public async Task ImportAsync(Metadata metadata, VmExtra? extra, CancellationToken cancel)
    {
        var old = store.Find(metadata.vm.id);
        var record = MetadataImport.Record(metadata, extra, old, backend.Features);
        if (old is not null)
        {
            foreach (var gone in old.DeviceIds.Except(record.DeviceIds))
            {
                await DeviceStates.RequireUnpluggedAsync(backend, old, gone, cancel).ConfigureAwait(false);
            }
        }

        store.Put(record);
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

    /// <summary>The VM's copy here waits for word from its destination.</summary>
    private bool InDoubt(string vm) => pending.Undecided.Contains(vm) && backend.GetStatus(MigrationIds.Source(vm)) is not null;

    private ImmutableArray<Atomic> PlanFor(Operation operation)
    {
        if (store.Find(operation.Vm) is null && InDoubt(operation.Vm))
        {
            throw XenopsError.Internal($"migration in doubt: {operation.Vm} may run on {pending.Find(operation.Vm)?.Destination.Authority}");
        }

        var devices = store.Get(operation.Vm).Devices;
        switch (operation)
        {
            case Operation.VM_start when State(operation.Vm) == PowerState.Running:
                return [];
            case Operation.VM_start s when pending.Find(s.Vm) is { } departure:
                throw XenopsError.Internal($"migration in doubt: {s.Vm} may run on {departure.Destination.Authority}, it is not started here");
            case Operation.VM_start s:
                Require(s.Vm, PowerState.Halted);
                return VmPlans.Start(devices, s.Force);
            case Operation.VM_resume r:
                Require(r.Vm, PowerState.Suspended, PowerState.Halted);
                return VmPlans.Resume(devices, r.Image);
            case Operation.VM_pause p:
                Require(p.Vm, PowerState.Running, PowerState.Paused);
                return [new Atomic.VM_pause(p.Vm)];
            case Operation.VM_unpause u:
                Require(u.Vm, PowerState.Paused, PowerState.Running);
                return [new Atomic.VM_unpause(u.Vm)];
            case Operation.VM_remove r:
                return [new Atomic.VM_remove(r.Vm)];
            case Operation.VBD_hotplug p:
                return VbdPlans.Hotplug(devices, p.Device);
            case Operation.VBD_hotunplug u:
                return VbdPlans.Hotunplug(devices, u.Device, u.Force);
            case Operation.VIF_hotplug p:
                return VifPlans.Hotplug(p.Device);
            case Operation.VIF_hotunplug u:
                return VifPlans.Hotunplug(u.Device, u.Force);
            case Operation.Single s:
                if (s.NeedsDomain)
                {
                    Require(s.Vm, PowerState.Running, PowerState.Paused);
                }

                return [s.Step];
            default:
                throw new XenopsError(new XenopsErrorValue.Unimplemented(operation.Name));
        }
    }

    private async Task<string?> SuspendAsync(Operation.VM_suspend operation, XenopsTask task, CancellationToken cancel)
    {
        var devices = store.Get(operation.Vm).Devices;
        Require(operation.Vm, PowerState.Running, PowerState.Paused);
        var first = VmPlans.SuspendToImage(devices, operation.Image);
        var second = VmPlans.SuspendEnd(devices);
        var context = new RunContext(task, first.Sum(AtomicTraits.Weight) + second.Sum(AtomicTraits.Weight));
        await executor.RunAsync(first, context, cancel).ConfigureAwait(false);

        // The image is the VM now. What is left of the domain is cleared away, if not here then by whoever looks at it next.
        AtomicExecutor.Commit(context);
        await executor.RunAsync(second, context, cancel).ConfigureAwait(false);
        return null;
    }

    /// <summary>A suspended VM is given up with its image: it is halted then.</summary>
    private async Task<string?> PoweroffAsync(Operation.VM_poweroff operation, XenopsTask task, CancellationToken cancel)
    {
        var timeout = operation.Timeout is not null && backend.GetStatus(operation.Vm) is null ? null : operation.Timeout;
        await RunPlanAsync(VmPlans.Poweroff(store.Get(operation.Vm).Devices, timeout), task, cancel).ConfigureAwait(false);
        if (store.Find(operation.Vm) is { HasImage: true })
        {
            store.Update(operation.Vm, static r => r.WithPersistent(static p => p with { suspend_memory_bytes = 0 }));
        }

        return null;
    }

    /// <summary>Observers are told that the VM runs while its domain is replaced.</summary>
    private async Task<string?> RebootingAsync(string vm, ImmutableArray<Atomic> plan, XenopsTask task, CancellationToken cancel)
    {
        bool replaces = plan.Any(static a => a is Atomic.VM_create);
        store.Mark(vm, r => r with { Rebooting = replaces });
        try
        {
            return await RunPlanAsync(plan, task, cancel).ConfigureAwait(false);
        }
        finally
        {
            store.Mark(vm, static r => r with { Rebooting = false });
        }
    }

    /// <summary>Its own failures are logged: the operation's is what the caller is told.</summary>
    private async Task CheckAfterAsync(Operation operation, bool stopping)
    {
        if (stopping || store.Find(operation.Vm) is null)
        {
            return;
        }

        try
        {
            using var deadline = new CancellationTokenSource(ExecutorLimits.AtomicDeadline);
            var plan = operation switch
            {
                Operation.VBD_hotplug or Operation.VBD_hotunplug or Operation.VIF_hotplug or Operation.VIF_hotunplug or Operation.Single { Step: Atomic.OfDevice } =>
                    await requests.PlanForAsync(DeviceOf(operation), deadline.Token).ConfigureAwait(false),
                Operation.VM_start or Operation.VM_poweroff or Operation.VM_reboot or Operation.VM_suspend or Operation.VM_resume or Operation.Single =>
                    await endings.PlanForAsync(operation.Vm, deadline.Token).ConfigureAwait(false),
                _ => [],
            };
            await RunPlanAsync(plan, TaskTable.Internal("after a failure"), deadline.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (AtomicExecutor.IsExpected(error))
        {
            Log.FailureIgnored(logger, nameof(Operation.VM_check_state), error.Message);
        }
    }

    private static DynamicId DeviceOf(Operation operation) => operation switch
    {
        Operation.VBD_hotplug o => new DynamicId.Vbd(o.Device.Vm, o.Device.Device),
        Operation.VBD_hotunplug o => new DynamicId.Vbd(o.Device.Vm, o.Device.Device),
        Operation.VIF_hotplug o => new DynamicId.Vif(o.Device.Vm, o.Device.Device),
        Operation.VIF_hotunplug o => new DynamicId.Vif(o.Device.Vm, o.Device.Device),
        Operation.Single { Step: Atomic.OfDevice d } => DeviceActions.Name(d),
        _ => new DynamicId.Vm(operation.Vm),
    };

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
