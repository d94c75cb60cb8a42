using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Atomics;

/// <summary>Does the steps of devices. The record of a VIF carries a new setting before the backend is called, for the scripts it runs read it,
/// but carrier and trunks (xenops protocol). Observers are told of the device however the step ends.</summary>
internal sealed class DeviceActions(IBackend backend, VmStore store, Updates updates)
{
    internal async Task RunAsync(Atomic.OfDevice atomic, CancellationToken cancel)
    {
        try
        {
            await DoAsync(atomic, cancel).ConfigureAwait(false);
        }
        finally
        {
            updates.Add(Name(atomic));
        }
    }

    private Task DoAsync(Atomic.OfDevice atomic, CancellationToken cancel)
    {
        var record = store.Get(atomic.Device.Vm);
        string name = atomic.Device.Device;
        return atomic switch
        {
            Atomic.VBD_set_active a => backend.Devices.SetActiveAsync(Name(a), a.Active, cancel),
            Atomic.VIF_set_active a => backend.Devices.SetActiveAsync(Name(a), a.Active, cancel),
            Atomic.VGPU_set_active a => backend.Devices.SetActiveAsync(Name(a), a.Active, cancel),
            Atomic.VBD_epoch_begin e => backend.Devices.BeginEpochAsync(e.VmId, e.Disk, e.Persistent, cancel),
            Atomic.VBD_epoch_end e => backend.Devices.EndEpochAsync(e.VmId, e.Disk, cancel),
            Atomic.VBD_plug => backend.Devices.PlugVbdAsync(record.Vbd(name), cancel),
            Atomic.VBD_attach => backend.Devices.AttachVbdAsync(record.Vbd(name), cancel),
            Atomic.VBD_activate => backend.Devices.ActivateVbdAsync(record.Vbd(name), cancel),
            Atomic.VBD_unplug u => backend.Devices.UnplugVbdAsync(record.Vbd(name), u.Force, cancel),
            Atomic.VBD_deactivate u => backend.Devices.DeactivateVbdAsync(record.Vbd(name), u.Force, cancel),
            Atomic.VBD_detach => backend.Devices.DetachVbdAsync(record.Vbd(name), cancel),
            Atomic.VBD_insert i => InsertAsync(record.Vbd(name), i.Disk, cancel),
            Atomic.VBD_eject => EjectAsync(record.Vbd(name), cancel),
            Atomic.VBD_set_qos => backend.Devices.SetVbdQosAsync(record.Vbd(name), cancel),
            Atomic.PCI_plug p => backend.Devices.PlugPciAsync(Whole(record.Pci(name), record.Vm), p.Emulator, cancel),
            Atomic.PCI_unplug => backend.Devices.UnplugPciAsync(record.Pci(name), cancel),
            Atomic.VUSB_plug => backend.Devices.PlugVusbAsync(record.Vusb(name), cancel),
            Atomic.VUSB_unplug => backend.Devices.UnplugVusbAsync(record.Vusb(name), cancel),
            _ => VifAsync(atomic, record.Vif(name), cancel),
        };
    }

    private Task VifAsync(Atomic.OfDevice atomic, Vif vif, CancellationToken cancel) => atomic switch
    {
        Atomic.VIF_plug => backend.Devices.PlugVifAsync(vif, cancel),
        Atomic.VIF_unplug u => backend.Devices.UnplugVifAsync(vif, u.Force, cancel),
        Atomic.VIF_move m => SetAsync(vif with { backend = m.Network }, v => backend.Devices.MoveVifAsync(v, m.Network, cancel)),
        Atomic.VIF_set_locking_mode m => SetAsync(vif with { locking_mode = m.Mode }, v => backend.Devices.SetVifLockingModeAsync(v, cancel)),
        Atomic.VIF_set_ipv4_configuration c => SetAsync(vif with { ipv4_configuration = c.Configuration }, v => backend.Devices.SetVifIpv4Async(v, cancel)),
        Atomic.VIF_set_ipv6_configuration c => SetAsync(vif with { ipv6_configuration = c.Configuration }, v => backend.Devices.SetVifIpv6Async(v, cancel)),
        Atomic.VIF_set_pvs_proxy p => SetAsync(vif with { pvs_proxy = p.Proxy }, v => backend.Devices.SetVifPvsProxyAsync(v, cancel)),
        Atomic.VIF_set_carrier c => KeepAfterAsync(vif with { carrier = c.Carrier }, v => backend.Devices.SetVifCarrierAsync(v, c.Carrier, cancel)),
        Atomic.VIF_set_trunks t => KeepAfterAsync(vif with { trunks = t.Trunks }, v => backend.Devices.SetVifTrunksAsync(v, cancel)),
        _ => throw new XenopsError(new XenopsErrorValue.Unimplemented(AtomicText.Name(atomic))),
    };

    private Task SetAsync(Vif vif, Func<Vif, Task> set)
    {
        store.Update(vif.id.vm, r => r.With(vif));
        return Lives(vif.id.vm) ? set(vif) : Task.CompletedTask;
    }

    private async Task KeepAfterAsync(Vif vif, Func<Vif, Task> set)
    {
        if (Lives(vif.id.vm))
        {
            await set(vif).ConfigureAwait(false);
        }

        store.Update(vif.id.vm, r => r.With(vif));
    }

    private async Task InsertAsync(Vbd vbd, Disk disk, CancellationToken cancel)
    {
        RequireLive(vbd.id.vm);
        await backend.Devices.InsertVbdAsync(vbd, disk, cancel).ConfigureAwait(false);
        store.Update(vbd.id.vm, r => r.With(vbd with { backend = disk }));
    }

    private async Task EjectAsync(Vbd vbd, CancellationToken cancel)
    {
        RequireLive(vbd.id.vm);
        if (vbd.ty == VbdType.Disk)
        {
            throw new XenopsError(new XenopsErrorValue.Media_not_ejectable());
        }

        await backend.Devices.EjectVbdAsync(vbd, cancel).ConfigureAwait(false);
        store.Update(vbd.id.vm, r => r.With(vbd with { backend = null }));
    }

    private bool Lives(string vm) => backend.GetStatus(vm) is not null;

    private void RequireLive(string vm)
    {
        var state = VmStates.PowerStateOf(store.Get(vm), backend.GetStatus(vm));
        if (state is not (PowerState.Running or PowerState.Paused))
        {
            throw new XenopsError(new XenopsErrorValue.Bad_power_state(state, PowerState.Running));
        }
    }

    /// <summary>What the device does not say, its VM does.</summary>
    private static Pci Whole(Pci pci, Vm vm) =>
        pci with { msitranslate = pci.msitranslate ?? vm.pci_msitranslate, power_mgmt = pci.power_mgmt ?? vm.pci_power_mgmt };

    /// <summary>The device as observers name it.</summary>
    internal static DynamicId Name(Atomic.OfDevice atomic)
    {
        string name = AtomicText.Name(atomic);
        var (vm, device) = atomic.Device;
        return name[..name.IndexOf('_', StringComparison.Ordinal)] switch
        {
            "VBD" => new DynamicId.Vbd(vm, device),
            "VIF" => new DynamicId.Vif(vm, device),
            "PCI" => new DynamicId.Pci(vm, device),
            "VUSB" => new DynamicId.Vusb(vm, device),
            _ => new DynamicId.Vgpu(vm, device),
        };
    }
}
