using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Devices;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>
/// A guest put another kernel in its own memory and asks for a domain that knows nothing of the former one: memory stays, event
/// channels and grants go, and what the former kernel agreed with xenstore and the back ends is begun anew.
/// </summary>
internal sealed class SoftReset(IHypervisor hypervisor, XenstoreClient store, Building building, DeviceRemoval devices)
{
    /// <summary>Removes the devices, resets the domain and leaves it paused; the caller connects the devices again and unpauses it. XenopsError
    /// Internal_error for a domain that did not ask for it.</summary>
    public async Task RunAsync(DomainEntry entry, CancellationToken cancel)
    {
        if (hypervisor.Own(entry) is not { ShutdownCode: (int)DomainShutdown.SoftReset } domain)
        {
            throw XenopsError.Internal($"domain {entry.Domid} did not ask for a soft reset");
        }

        if (!domain.Paused)
        {
            hypervisor.Pause(entry.Domid);
        }

        await devices.RemoveAllAsync(entry, await devices.ListAsync(entry, cancel).ConfigureAwait(false), taken: false, cancel).ConfigureAwait(false);
        hypervisor.SoftReset(entry.Domid);
        var (storePort, consolePort) = building.AllocatePorts(entry);
        string ring = StorePaths.Domain(entry.Domid, "store/ring-ref");
        string? frame = await store.ReadAsync(ring, cancel).ConfigureAwait(false);
        await store.ApplyAsync(
            [StorePaths.Domain(entry.Domid, StoreKeys.Shutdown), StorePaths.Domain(entry.Domid, StoreKeys.FeatureBalloon), StorePaths.Domain(entry.Domid, StoreKeys.DataUpdated)],
            [
                new(StorePaths.Domain(entry.Domid, "store/port"), storePort.ToString(CultureInfo.InvariantCulture)),
                new(StorePaths.Domain(entry.Domid, "console/port"), consolePort.ToString(CultureInfo.InvariantCulture)),
            ],
            cancel).ConfigureAwait(false);
        await store.ResumeAsync(entry.Domid, cancel).ConfigureAwait(false);
        await store.IntroduceAsync(entry.Domid, ulong.Parse(frame ?? "0", CultureInfo.InvariantCulture), storePort, cancel).ConfigureAwait(false);
        entry.Balloons = false;
        entry.SeenShutdown = null;
        entry.ForgetObserved();
    }
}
