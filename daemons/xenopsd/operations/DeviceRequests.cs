using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Operations;

/// <summary>What follows when a device changed by itself (xenops protocol, check_state of a VBD, VIF, PCI or VUSB device).</summary>
public sealed class DeviceRequests(VmStore store, IBackend backend)
{
    /// <summary>The plan for the device as it is now; empty when there is nothing to do, or no such device.</summary>
    public async Task<ImmutableArray<Atomic>> PlanForAsync(DynamicId device, CancellationToken cancel)
    {
        var (vm, _) = Split(device);
        if (store.Find(vm) is not { } record || !record.DeviceIds.Contains(device))
        {
            return [];
        }

        var request = backend.GetStatus(vm) is null
            ? DeviceRequest.Unplug
            : await backend.Devices.GetDeviceRequestAsync(device, QosOf(record, device), cancel).ConfigureAwait(false);
        return Steps(record.Devices, device, request);
    }

    /// <summary>The steps for what is asked of a device.</summary>
    public static ImmutableArray<Atomic> Steps(VmDevices vm, DynamicId device, DeviceRequest request)
    {
        var (id, name) = Split(device);
        var key = new DeviceId(id, name);
        return (request, device) switch
        {
            (DeviceRequest.Unplug, DynamicId.Vbd) => VbdPlans.Unplug(vm, key, force: true),
            (DeviceRequest.Unplug, DynamicId.Vif) => [new Atomic.VIF_unplug(key, Force: true)],
            (DeviceRequest.Unplug, DynamicId.Pci) => [new Atomic.PCI_unplug(key)],
            (DeviceRequest.Unplug, DynamicId.Vusb) => [new Atomic.VUSB_unplug(key)],
            (DeviceRequest.SetQos, DynamicId.Vbd) => [new Atomic.VBD_set_qos(key)],
            _ => [],
        };
    }

    private static VbdQos? QosOf(VmRecord record, DynamicId device) => device is DynamicId.Vbd(_, var name) ? record.Vbd(name).qos : null;

    /// <summary>VM and device of an id; an empty device for a VM's own.</summary>
    internal static (string Vm, string Device) Split(DynamicId id) => id switch
    {
        DynamicId.Vbd d => (d.vm, d.device),
        DynamicId.Vif d => (d.vm, d.device),
        DynamicId.Pci d => (d.vm, d.device),
        DynamicId.Vgpu d => (d.vm, d.device),
        DynamicId.Vusb d => (d.vm, d.device),
        DynamicId.Vm v => (v.id, ""),
        _ => ("", ""),
    };
}
