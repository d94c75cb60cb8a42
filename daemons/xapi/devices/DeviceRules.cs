using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Devices;

/// <summary>What the validity of an operation on a VBD depends on besides its row.</summary>
/// <param name="VmRef">Its VM.</param>
/// <param name="Vm">The VM's row.</param>
/// <param name="Drivers">False when the guest is known to lack the drivers that hot plugging needs.</param>
/// <param name="Vdi">Row of its VDI; null for an empty drive.</param>
/// <param name="SharedWithWriter">Another VBD that writes has the VDI attached, or is about to.</param>
/// <param name="Shared">Another VBD has it attached, or is about to.</param>
internal sealed record VbdFacts(Ref<VM> VmRef, VM Vm, bool Drivers, VDI? Vdi, bool SharedWithWriter, bool Shared);

/// <summary>Which operations the devices of VMs admit now, in the order in which XenAPI complains. Pure.</summary>
internal static class DeviceRules
{
    private static readonly ImmutableArray<vbd_operations> VbdOperations = [.. Enum.GetValues<vbd_operations>().Order()];
    private static readonly ImmutableArray<vif_operations> VifOperations = [.. Enum.GetValues<vif_operations>().Order()];

    /// <summary>Operations on the VM during which nothing is plugged or unplugged.</summary>
    private static readonly ImmutableHashSet<vm_operations> Disturbing =
        [vm_operations.clean_shutdown, vm_operations.hard_shutdown, vm_operations.suspend, vm_operations.pause];

    /// <summary>The error that forbids the operation on the VBD, or null.</summary>
    internal static XenApiError? Check(string reference, VBD row, VbdFacts facts, vbd_operations operation) =>
        Concurrency(reference, row, operation)
        ?? Kind(reference, row, operation)
        ?? PowerState(reference, row, facts, operation)
        ?? Vdi(row, facts, operation);

    internal static VBD WithAllowed(string reference, VBD row, VbdFacts facts) => row with
    {
        allowed_operations = [.. VbdOperations.Where(operation => Check(reference, row, facts, operation) is null)],
    };

    /// <summary>Whether the VBD could be attached now as far as its VDI is concerned: VDI_NOT_MANAGED, VDI_IN_USE, VDI_READONLY, or null.</summary>
    internal static XenApiError? Attachable(VBD row, VbdFacts facts) => Vdi(row with { currently_attached = false }, facts, vbd_operations.attach);

    /// <summary>The error that forbids the operation on the VIF, or null.</summary>
    internal static XenApiError? Check(string reference, VIF row, Ref<VM> vmRef, VM vm, bool drivers, vif_operations operation)
    {
        if (!row.current_operations.IsEmpty)
        {
            return OtherOperation.InProgress("VIF", reference,
                [.. row.current_operations.Select(static c => KeyValuePair.Create(c.Key, vif_operationsCodec.Text(c.Value)))]);
        }

        if (operation == vif_operations.attach)
        {
            return null;
        }

        bool plugs = operation == vif_operations.plug;
        return Plugging(reference, row.currently_attached || row.reserved, plugs, vmRef, vm)
            ?? (drivers ? null : new XenApiError("VM_MISSING_PV_DRIVERS", vmRef.ToString()));
    }

    internal static VIF WithAllowed(string reference, VIF row, Ref<VM> vmRef, VM vm, bool drivers) => row with
    {
        allowed_operations = [.. VifOperations.Where(operation => Check(reference, row, vmRef, vm, drivers, operation) is null)],
    };

    private static XenApiError? Concurrency(string reference, VBD row, vbd_operations operation)
    {
        IEnumerable<KeyValuePair<string, vbd_operations>> blocking = operation switch
        {
            vbd_operations.pause => row.current_operations.Where(static c => c.Value != vbd_operations.pause),
            vbd_operations.unpause => row.current_operations.Where(
                static c => c.Value is not (vbd_operations.attach or vbd_operations.pause or vbd_operations.unpause)),
            _ => row.current_operations,
        };
        ImmutableArray<KeyValuePair<string, string>> current = [.. blocking.Select(static c => KeyValuePair.Create(c.Key, vbd_operationsCodec.Text(c.Value)))];
        return current.IsEmpty ? null : OtherOperation.InProgress("VBD", reference, current);
    }

    private static XenApiError? Kind(string reference, VBD row, vbd_operations operation) => operation switch
    {
        vbd_operations.unplug or vbd_operations.unplug_force when !row.unpluggable => new XenApiError("VBD_NOT_UNPLUGGABLE", reference),
        vbd_operations.insert or vbd_operations.eject when row.type != vbd_type.CD => new XenApiError("VBD_NOT_REMOVABLE_MEDIA", reference),
        vbd_operations.eject when row.empty => new XenApiError("VBD_IS_EMPTY", reference),
        vbd_operations.insert when !row.empty => new XenApiError("VBD_NOT_EMPTY", reference),
        _ => null,
    };

    private static XenApiError? PowerState(string reference, VBD row, VbdFacts facts, vbd_operations operation)
    {
        switch (operation)
        {
            case vbd_operations.plug or vbd_operations.unplug or vbd_operations.unplug_force:
                bool plugs = operation == vbd_operations.plug;
                if (Plugging(reference, row.currently_attached || row.reserved, plugs, facts.VmRef, facts.Vm) is { } error)
                {
                    return error;
                }

                if (!DeviceNames.IsHvm(facts.Vm))
                {
                    return null;
                }

                return row.type == vbd_type.CD ? new XenApiError("OPERATION_NOT_ALLOWED", "HVM CDROMs cannot be hotplugged/unplugged")
                    : facts.Drivers ? null : new XenApiError("VM_MISSING_PV_DRIVERS", facts.VmRef.ToString());
            case vbd_operations.pause or vbd_operations.unpause when facts.Vm.power_state is not (vm_power_state.Running or vm_power_state.Paused):
                return BadPowerState(facts.VmRef, facts.Vm, "running, paused");
            case vbd_operations.insert or vbd_operations.eject when facts.Vm.power_state == vm_power_state.Suspended:
                return BadPowerState(facts.VmRef, facts.Vm, "halted, running");
            default:
                return null;
        }
    }

    private static XenApiError? Plugging(string reference, bool attached, bool plugs, Ref<VM> vmRef, VM vm)
    {
        if (vm.power_state != vm_power_state.Running)
        {
            return BadPowerState(vmRef, vm, VmOperationTable.Running);
        }

        if (attached == plugs)
        {
            return new XenApiError(plugs ? "DEVICE_ALREADY_ATTACHED" : "DEVICE_ALREADY_DETACHED", reference);
        }

        foreach ((_, vm_operations operation) in vm.current_operations)
        {
            if (Disturbing.Contains(operation))
            {
                return new XenApiError("OPERATION_NOT_ALLOWED", $"Current operation on VM:{vmRef} is {vm_operationsCodec.Text(operation)}");
            }
        }

        return null;
    }

    private static XenApiError? Vdi(VBD row, VbdFacts facts, vbd_operations operation)
    {
        if (facts.Vdi is not { } vdi || operation is not (vbd_operations.attach or vbd_operations.plug or vbd_operations.insert))
        {
            return null;
        }

        string reference = row.VDI.ToString();
        if (!vdi.managed)
        {
            return new XenApiError("VDI_NOT_MANAGED", reference);
        }

        ImmutableArray<KeyValuePair<string, string>> busy =
            [.. vdi.current_operations.Where(static c => c.Value is not (vdi_operations.mirror or vdi_operations.copy))
                .Select(static c => KeyValuePair.Create(c.Key, vdi_operationsCodec.Text(c.Value)))];
        if (!busy.IsEmpty)
        {
            return OtherOperation.InProgress("VDI", reference, busy);
        }

        bool writes = row.mode == vbd_mode.RW;
        if (row.currently_attached)
        {
            return null;
        }

        if (!vdi.sharable && (facts.SharedWithWriter || (writes && facts.Shared)))
        {
            return new XenApiError("VDI_IN_USE", reference);
        }

        return writes && vdi.read_only ? new XenApiError("VDI_READONLY", reference) : null;
    }

    private static XenApiError BadPowerState(Ref<VM> vmRef, VM vm, string expected) =>
        new("VM_BAD_POWER_STATE", vmRef.ToString(), expected, VmRows.PowerStateText(vm.power_state));
}
