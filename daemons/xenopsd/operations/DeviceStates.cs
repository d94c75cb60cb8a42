using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Operations;

/// <summary>What is observed of devices. Without a domain a device is neither active nor plugged.</summary>
internal static class DeviceStates
{
    internal static Task<VbdState> OfAsync(IBackend backend, Vbd vbd, CancellationToken cancel) =>
        Lives(backend, vbd.id.vm) ? backend.Devices.GetVbdStateAsync(vbd, cancel) : Task.FromResult(new VbdState());

    internal static Task<VifState> OfAsync(IBackend backend, Vif vif, CancellationToken cancel) =>
        Lives(backend, vif.id.vm) ? backend.Devices.GetVifStateAsync(vif, cancel) : Task.FromResult(new VifState());

    internal static Task<PciState> OfAsync(IBackend backend, Pci pci, CancellationToken cancel) =>
        Lives(backend, pci.id.vm) ? backend.Devices.GetPciStateAsync(pci, cancel) : Task.FromResult(new PciState());

    internal static Task<VgpuState> OfAsync(IBackend backend, Vgpu vgpu, CancellationToken cancel) =>
        Lives(backend, vgpu.id.vm) ? backend.Devices.GetVgpuStateAsync(vgpu, cancel) : Task.FromResult(new VgpuState());

    internal static Task<VusbState> OfAsync(IBackend backend, Vusb vusb, CancellationToken cancel) =>
        Lives(backend, vusb.id.vm) ? backend.Devices.GetVusbStateAsync(vusb, cancel) : Task.FromResult(new VusbState());

    /// <summary>Raises Device_is_connected for a device that is plugged, Does_not_exist for one that the record does not have.</summary>
    internal static async Task RequireUnpluggedAsync(IBackend backend, VmRecord record, DynamicId device, CancellationToken cancel)
    {
        bool plugged = device switch
        {
            DynamicId.Vbd d => (await OfAsync(backend, record.Vbd(d.device), cancel).ConfigureAwait(false)).plugged,
            DynamicId.Vif d => (await OfAsync(backend, record.Vif(d.device), cancel).ConfigureAwait(false)).plugged,
            DynamicId.Pci d => (await OfAsync(backend, record.Pci(d.device), cancel).ConfigureAwait(false)).plugged,
            DynamicId.Vgpu d => (await OfAsync(backend, record.Vgpu(d.device), cancel).ConfigureAwait(false)).plugged,
            DynamicId.Vusb d => (await OfAsync(backend, record.Vusb(d.device), cancel).ConfigureAwait(false)).plugged,
            _ => false,
        };
        if (plugged)
        {
            throw new XenopsError(new XenopsErrorValue.Device_is_connected());
        }
    }

    private static bool Lives(IBackend backend, string vm) => backend.GetStatus(vm) is not null;
}
