using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Operations;

/// <summary>What follows when a domain ended by itself (xenops protocol, VM_check_state): the actions the VM's record states.</summary>
public sealed class DomainEndings(VmStore store, IBackend backend, PendingMigrations pending, ILogger logger)
{
    /// <summary>The plan for the domain as it is now; empty when there is nothing to do.</summary>
    public ImmutableArray<Atomic> PlanFor(string vmId)
    {
        // The suspended copy of a VM that is leaving is the migration's, however long that takes.
        if (pending.IsSource(vmId) || store.Find(vmId) is not { } record || backend.GetStatus(vmId) is not { } domain)
        {
            return [];
        }

        var actions = ActionsFor(record.Vm, domain, record.Survivable);
        if (!actions.IsEmpty)
        {
            Log.DomainEnded(logger, vmId, domain.ShutdownReason?.ToString() ?? "half-made", string.Join(", ", actions));
        }

        return [.. actions.SelectMany(a => Steps(a, record.Devices, domain))];
    }

    /// <summary>The VM's actions for how its domain ended. A domain that crashes soon after its start is not started again, and one
    /// that was left half-made or suspended with nobody waiting is ended.</summary>
    public static ImmutableArray<VmAction> ActionsFor(Vm vm, DomainStatus domain, bool survivable) => domain.ShutdownReason switch
    {
        null => survivable ? [] : [VmAction.Shutdown],
        ShutdownReason.Poweroff => vm.on_shutdown,
        ShutdownReason.Reboot => vm.on_reboot,
        ShutdownReason.Crash when domain.Uptime < ExecutorLimits.MinimumUptime =>
            [.. vm.on_crash.Select(static a => a == VmAction.Start ? VmAction.Shutdown : a)],
        ShutdownReason.Crash => vm.on_crash,
        _ => [VmAction.Shutdown],
    };

    private static ImmutableArray<Atomic> Steps(VmAction action, VmDevices vm, DomainStatus domain) => action switch
    {
        VmAction.Shutdown => Plans.Shutdown(vm, timeout: null),
        VmAction.Start =>
        [
            .. domain.Uptime < ExecutorLimits.MinimumUptime ? new Atomic[] { new Atomic.VM_delay(vm.Id, ExecutorLimits.RestartDelay) } : [],
            .. Plans.Reboot(vm, timeout: null),
        ],
        VmAction.Pause => Plans.Pause(vm),
        VmAction.Softreboot => throw new XenopsError(new XenopsErrorValue.Unimplemented("VM_softreboot")),
        _ => [],
    };
}
