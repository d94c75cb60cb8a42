using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.LifeCycle;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Backends.Domains.Watching;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>PCI devices, and settings and requests of a domain.</summary>
internal sealed partial class DomainDevices
{
    private const string GuestAgentFeatures = "/guest_agent_features";

    public async Task PlugPciAsync(Pci pci, bool emulator, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(pci);
        var entry = table.Get(pci.id.vm);
        entry.MayHaveDevices = true;
        var vm = entry.Config?.Description?.Vm;
        hypervisor.AssignDevice(entry.Domid, pci.address);
        await StoreErrors.MapAsync(() => store.ApplyAsync(
            [], PciKeys.Create(pci, entry.Domid, vm?.pci_msitranslate ?? false, vm?.pci_power_mgmt ?? false), cancel)).ConfigureAwait(false);
    }

    /// <summary>The host takes a device back when the domain ends, not before.</summary>
    public Task UnplugPciAsync(Pci pci, CancellationToken cancel) => Task.CompletedTask;

    public Task DequarantinePciAsync(PciAddress address, CancellationToken cancel) => throw Unimplemented("quarantine of PCI devices");

    public async Task<PciState> GetPciStateAsync(Pci pci, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(pci);
        return table.Find(pci.id.vm) is { Ending: false } entry
            ? new PciState { plugged = await StoreErrors.MapAsync(() => store.ReadAsync(PciKeys.Device(pci, entry.Domid), cancel)).ConfigureAwait(false) == pci.address.ToString() }
            : new PciState();
    }

    public Task StartVgpusAsync(string vmId, ImmutableArray<Vgpu> vgpus, bool saved, CancellationToken cancel) =>
        vgpus.IsEmpty ? Task.CompletedTask : throw Unimplemented("virtual graphics cards");

    public async Task<VgpuState> GetVgpuStateAsync(Vgpu vgpu, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vgpu);
        string path = DevicePaths.Active(vgpu.id.vm, "vgpu", vgpu.id.device);
        return table.Find(vgpu.id.vm) is null
            ? new VgpuState()
            : new VgpuState { active = await StoreErrors.MapAsync(() => store.ReadAsync(path, cancel)).ConfigureAwait(false) == ActiveValue };
    }

    public Task PlugVusbAsync(Vusb vusb, CancellationToken cancel) => throw Unimplemented("USB devices without an emulator");

    public Task UnplugVusbAsync(Vusb vusb, CancellationToken cancel) => Task.CompletedTask;

    public Task<VusbState> GetVusbStateAsync(Vusb vusb, CancellationToken cancel) => Task.FromResult(new VusbState());

    /// <summary>Guests are built without an emulator: there is none to start.</summary>
    public Task CreateDeviceModelAsync(DomainDescription vm, bool saveState, CancellationToken cancel) => Task.CompletedTask;

    public Task DestroyDeviceModelAsync(string vmId, CancellationToken cancel) => Task.CompletedTask;

    public async Task SetVcpusAsync(string vmId, int vcpus, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        var known = await StoreErrors.MapAsync(() => store.DirectoryAsync(StorePaths.Domain(entry.Domid, "cpu"), cancel)).ConfigureAwait(false);
        if (vcpus < 1 || vcpus > known.Count)
        {
            throw new XenopsError(new XenopsErrorValue.Invalid_vcpus(known.Count));
        }

        var nodes = Enumerable.Range(0, known.Count)
            .Select(vcpu => new StoreNode(StorePaths.VcpuAvailability(entry.Domid, vcpu), vcpu < vcpus ? "online" : "offline"));
        await StoreErrors.MapAsync(() => store.ApplyAsync([], [.. nodes], cancel)).ConfigureAwait(false);
        entry.Vcpus = vcpus;
    }

    public async Task SetShadowMultiplierAsync(string vmId, double multiplier, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        if (entry.Kind == GuestKind.Pv)
        {
            throw Unimplemented("memory for page tables of a PV guest");
        }

        string? staticMax = await StoreErrors.MapAsync(() => store.ReadAsync(StorePaths.Domain(entry.Domid, StoreKeys.StaticMax), cancel)).ConfigureAwait(false);
        var vcpus = await StoreErrors.MapAsync(() => store.DirectoryAsync(StorePaths.Domain(entry.Domid, "cpu"), cancel)).ConfigureAwait(false);
        long staticMib = long.TryParse(staticMax, NumberStyles.None, CultureInfo.InvariantCulture, out long kib) ? kib / MemoryModel.KibPerMib : 0;
        hypervisor.SetPagingPool(entry.Domid, MemoryModel.Shadow(entry.Kind, staticMib, vcpus.Count, multiplier) << 20);
        entry.ShadowMultiplier = multiplier;
        entry.ForgetObserved();
    }

    public async Task SetMemoryDynamicRangeAsync(string vmId, long minimum, long maximum, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        var (min, max) = (minimum >> 10, maximum >> 10);
        if (min < 0 || max < min)
        {
            throw XenopsError.Internal($"from {minimum} to {maximum} bytes is no range of memory");
        }

        await StoreErrors.MapAsync(async () =>
        {
            await store.ApplyAsync(
                [],
                [
                    new(StorePaths.Domain(entry.Domid, StoreKeys.DynamicMin), Text(min)),
                    new(StorePaths.Domain(entry.Domid, StoreKeys.DynamicMax), Text(max)),
                ],
                cancel).ConfigureAwait(false);
            (entry.DynamicMinKib, entry.DynamicMaxKib) = (min, max);
            await squeezer.BalanceAsync(cancel).ConfigureAwait(false);
        }).ConfigureAwait(false);
    }

    public Task<bool> WaitBallooningAsync(string vmId, TimeSpan timeout, CancellationToken cancel)
    {
        string path = StorePaths.Domain(table.Get(vmId).Domid, StoreKeys.BalloonActive);
        return StoreErrors.MapAsync(() => store.WaitUntilAsync(
            [path], async token => await store.ReadAsync(path, token).ConfigureAwait(false) is null or "0", timeout, cancel));
    }

    public Task SetXsdataAsync(string vmId, IReadOnlyDictionary<string, string> xsdata, CancellationToken cancel)
    {
        int domid = table.Get(vmId).Domid;
        List<StoreNode> nodes = [new(StorePaths.Domain(domid, "vm-data"), "", NodeAccess.GuestOwned(domid))];
        nodes.AddRange(xsdata.Where(static k => XsData.IsPermitted(k.Key)).Select(k => new StoreNode(StorePaths.Domain(domid, k.Key), k.Value)));
        return StoreErrors.MapAsync(() => store.ApplyAsync([StorePaths.Domain(domid, "vm-data"), StorePaths.Domain(domid, "FIST")], nodes, cancel));
    }

    public async Task SetActionRequestAsync(string vmId, DomainAction? request, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        string path = StorePaths.Domain(entry.Domid, StoreKeys.ActionRequest);
        string? text = request switch
        {
            null => null,
            DomainAction.Poweroff => StoreKeys.Poweroff,
            DomainAction.Reboot => StoreKeys.Reboot,
            _ => throw Unimplemented($"a request for {request}"),
        };
        await StoreErrors.MapAsync(() => text is null ? store.RemoveAsync(path, cancel) : store.WriteAsync(path, text, cancel)).ConfigureAwait(false);
        entry.ActionRequest = text;
    }

    public async Task<DomainAction?> GetActionRequestAsync(string vmId, CancellationToken cancel)
    {
        if (table.Find(vmId) is not { Ending: false } entry || hypervisor.Own(entry) is not { Dying: false } domain)
        {
            return null;
        }

        return domain.ShutdownCode switch
        {
            0 => DomainAction.Poweroff,
            1 or 4 => DomainAction.Reboot,
            2 => DomainAction.Suspend,
            3 => DomainAction.Crashdump,
            5 => DomainAction.SoftReset,
            _ => await WrittenRequestAsync(entry, cancel).ConfigureAwait(false) switch
            {
                StoreKeys.Poweroff => DomainAction.Poweroff,
                StoreKeys.Reboot => DomainAction.Reboot,
                _ => null,
            },
        };
    }

    /// <summary>A request that was seen is looked for again: a reading that began before the request was taken back may have ended after it, and what follows
    /// from one costs the VM its domain.</summary>
    private async Task<string?> WrittenRequestAsync(DomainEntry entry, CancellationToken cancel) =>
        entry.ActionRequest is null
            ? null
            : await StoreErrors.MapAsync(() => store.ReadAsync(StorePaths.Domain(entry.Domid, StoreKeys.ActionRequest), cancel)).ConfigureAwait(false);

    public Task RequestRdpAsync(string vmId, bool enabled, CancellationToken cancel)
    {
        string path = StorePaths.Domain(table.Get(vmId).Domid, "control/ts");
        return StoreErrors.MapAsync(() => store.WriteAsync(path, enabled ? "1" : "0", cancel));
    }

    public Task S3SuspendAsync(string vmId, CancellationToken cancel) => throw Unimplemented("suspend to the guest's own memory");

    public Task S3ResumeAsync(string vmId, CancellationToken cancel) => throw Unimplemented("resume from the guest's own memory");

    public Task SoftRebootAsync(DomainDescription vm, CancellationToken cancel) => throw Unimplemented("soft reset");

    public Task AssertCanSaveAsync(string vmId, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        if (!entry.Built)
        {
            throw new XenopsError(new XenopsErrorValue.Domain_not_built());
        }

        return entry.Config?.Description is { Pcis.IsEmpty: false }
            ? throw XenopsError.Internal($"{vmId} has a PCI device: it cannot be saved")
            : Task.CompletedTask;
    }

    public async Task<DomainObservations> ObserveAsync(string vmId, CancellationToken cancel)
    {
        if (table.Find(vmId) is not { Ending: false } entry)
        {
            return DomainObservations.None;
        }

        if (entry.Observed is { } known)
        {
            return known;
        }

        // The watch is set when there is a guest; until then nobody says that something changed.
        long? round = entry.Watch is null ? null : entry.ObservedRound;
        var fresh = await StoreErrors.MapAsync(() => GuestView.ReadAsync(store, entry, options.GuestAgentQuotaBytes, cancel)).ConfigureAwait(false);
        if (round is { } since)
        {
            entry.KeepObserved(fresh, since);
        }

        return fresh;
    }

    public Task<string> ReadConsoleAsync(CancellationToken cancel) => Task.FromResult(hypervisor.ReadConsole());

    public Task SendDebugKeysAsync(string keys, CancellationToken cancel)
    {
        hypervisor.SendDebugKeys(keys);
        return Task.CompletedTask;
    }

    public Task UpdateGuestAgentFeaturesAsync(ImmutableArray<GuestAgentFeature> features, CancellationToken cancel)
    {
        XenstorePermissions everybody = new(0, XenstoreAccess.Read, []);
        List<StoreNode> nodes = [new(GuestAgentFeatures, "", everybody)];
        foreach (var feature in features.Where(static f => StorePaths.IsName(f.name)))
        {
            string root = $"{GuestAgentFeatures}/{feature.name}";
            nodes.Add(new(root, "", everybody));
            nodes.Add(new(root + "/licensed", feature.licensed ? "1" : "0", everybody));
            nodes.Add(new(root + "/parameters", "", everybody));
            nodes.AddRange(feature.parameters.Where(static p => StorePaths.IsName(p.Key)).Select(p => new StoreNode($"{root}/parameters/{p.Key}", p.Value, everybody)));
        }

        return StoreErrors.MapAsync(() => store.ApplyAsync([GuestAgentFeatures], nodes, cancel));
    }

    /// <summary>The hypervisor tells nothing of nodes, so that guests are placed where Xen likes under any policy but a hard one.</summary>
    public Task SetNumaPolicyAsync(NumaAffinityPolicy? policy, CancellationToken cancel) => policy is NumaAffinityPolicy.Best_effort_hard
        ? throw Unimplemented("placement on NUMA nodes")
        : Task.CompletedTask;

    private static XenopsError Unimplemented(string what) => new(new XenopsErrorValue.Unimplemented(what));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
