using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Operations;

/// <summary>What follows when a domain ended by itself, or something is asked of it (xenops protocol, VM_check_state): the actions the VM's record
/// states.</summary>
public sealed class DomainEndings(VmStore store, IBackend backend, PendingMigrations pending, ILogger logger)
{
    /// <summary>The plan for the domain as it is now; empty when there is nothing to do.</summary>
    public async Task<ImmutableArray<Atomic>> PlanForAsync(string vmId, CancellationToken cancel)
    {
        if (backend.GetStatus(vmId) is not { } domain)
        {
            await backend.ForgetGoneAsync(vmId, cancel).ConfigureAwait(false);
            return [];
        }

        // The suspended copy of a VM that is leaving is the migration's, however long that takes.
        if (pending.IsSource(vmId) || store.Find(vmId) is not { } record)
        {
            return [];
        }

        var asked = await backend.Devices.GetActionRequestAsync(vmId, domain, cancel).ConfigureAwait(false);
        var actions = ActionsFor(record.Vm, domain, asked);
        if (!actions.IsEmpty)
        {
            Log.DomainEnded(logger, vmId, domain.ShutdownReason?.ToString() ?? "half-made", string.Join(", ", actions));
        }

        return [.. actions.SelectMany(a => Steps(Possible(a), record.Devices, domain.Uptime))];
    }

    /// <summary>A guest whose kernel cannot be replaced where it is begins anew.</summary>
    private VmAction Possible(VmAction action) => action == VmAction.Softreboot && !backend.Devices.CanSoftReset ? VmAction.Start : action;

    /// <summary>What a starting xenopsd does with a domain it finds. One that is suspended, and neither an image nor a migration has the guest,
    /// was being saved when the former process ended: it goes on. A device that was on its way in or out is out.</summary>
    public async Task<ImmutableArray<Atomic>> PlanForFoundAsync(string vmId, CancellationToken cancel)
    {
        if (!pending.IsSource(vmId) && store.Find(vmId) is { HasImage: false } && backend.GetStatus(vmId) is { ShutdownReason: ShutdownReason.Suspend })
        {
            return [new Atomic.VM_fast_resume(vmId)];
        }

        var plan = await PlanForAsync(vmId, cancel).ConfigureAwait(false);
        return plan.IsEmpty ? await HalfPluggedAsync(vmId, cancel).ConfigureAwait(false) : plan;
    }

    /// <summary>Disks and interfaces that count as the domain's and are not there. An empty drive is never there.</summary>
    private async Task<ImmutableArray<Atomic>> HalfPluggedAsync(string vmId, CancellationToken cancel)
    {
        var plan = ImmutableArray.CreateBuilder<Atomic>();
        if (pending.IsSource(vmId) || store.Find(vmId) is not { } record || backend.GetStatus(vmId) is null)
        {
            return [];
        }

        foreach (var vbd in record.Vbds)
        {
            if (vbd.backend is not null && await DeviceStates.OfAsync(backend, vbd, cancel).ConfigureAwait(false) is { active: true, plugged: false })
            {
                plan.Add(new Atomic.VBD_set_active(new DeviceId(vmId, vbd.id.device), Active: false));
            }
        }

        foreach (var vif in record.Vifs)
        {
            if (await DeviceStates.OfAsync(backend, vif, cancel).ConfigureAwait(false) is { active: true, plugged: false })
            {
                plan.Add(new Atomic.VIF_set_active(new DeviceId(vmId, vif.id.device), Active: false));
            }
        }

        return plan.ToImmutable();
    }

    /// <summary>The VM's actions for what is asked of its domain. A domain that crashes soon after its start is not started again; one
    /// that is suspended with nobody waiting is ended; and so is one that lives and is to be off: it was left half-made or half-ended.</summary>
    public static ImmutableArray<VmAction> ActionsFor(Vm vm, DomainStatus domain, DomainAction? asked) => asked switch
    {
        null => [],
        DomainAction.Poweroff when domain.ShutdownReason is null => [VmAction.Shutdown],
        DomainAction.Poweroff => vm.on_shutdown,
        DomainAction.Reboot => vm.on_reboot,
        DomainAction.SoftReset => vm.on_softreboot,
        DomainAction.Crashdump when domain.Uptime < ExecutorLimits.MinimumUptime =>
            [.. vm.on_crash.Select(static a => a == VmAction.Start ? VmAction.Shutdown : a)],
        DomainAction.Crashdump => vm.on_crash,
        _ => [VmAction.Shutdown],
    };

    /// <summary>The steps of an action. A domain that ended soon after its start is started again after a pause.</summary>
    public static ImmutableArray<Atomic> Steps(VmAction action, VmDevices vm, TimeSpan uptime) => action switch
    {
        VmAction.Shutdown => VmPlans.Shutdown(vm, timeout: null),
        VmAction.Start =>
        [
            .. uptime < ExecutorLimits.MinimumUptime ? new Atomic[] { new Atomic.VM_delay(vm.Id, ExecutorLimits.RestartDelay) } : [],
            .. VmPlans.Reboot(vm, timeout: null),
        ],
        VmAction.Pause => [new Atomic.VM_pause(vm.Id)],
        VmAction.Softreboot => [new Atomic.VM_softreboot(vm.Id)],
        _ => [],
    };
}
