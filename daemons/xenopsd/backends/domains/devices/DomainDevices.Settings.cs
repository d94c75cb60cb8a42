using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.LifeCycle;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Backends.Domains.Watching;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>USB devices, and settings and requests of a domain.</summary>
internal sealed partial class DomainDevices
{
    private const string GuestAgentFeatures = "/guest_agent_features";

    public async Task PlugVusbAsync(Vusb vusb, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vusb);
        var entry = table.Get(vusb.id.vm);
        if (await UsbRecordAsync(vusb, entry, cancel).ConfigureAwait(false) is not null)
        {
            throw new XenopsError(new XenopsErrorValue.Device_is_connected());
        }

        hypervisor.PlugUsb(entry.Domid, vusb);
        await StoreErrors.MapAsync(() => store.WriteAsync(UsbPath(vusb, entry), vusb.path, cancel)).ConfigureAwait(false);
    }

    public async Task UnplugVusbAsync(Vusb vusb, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vusb);
        if (table.Find(vusb.id.vm) is { Ending: false } entry && await UsbRecordAsync(vusb, entry, cancel).ConfigureAwait(false) is not null)
        {
            hypervisor.UnplugUsb(entry.Domid, vusb);
            await StoreErrors.MapAsync(() => store.RemoveAsync(UsbPath(vusb, entry), cancel)).ConfigureAwait(false);
        }
    }

    public async Task<VusbState> GetVusbStateAsync(Vusb vusb, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vusb);
        return new VusbState
        {
            plugged = table.Find(vusb.id.vm) is { Ending: false } entry && await UsbRecordAsync(vusb, entry, cancel).ConfigureAwait(false) is not null,
        };
    }

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

    public async Task<DomainAction?> GetActionRequestAsync(string vmId, CancellationToken cancel) =>
        table.Find(vmId) is { Ending: false } entry && hypervisor.Own(entry) is { Dying: false } domain
            ? await RequestOfAsync(entry, domain.ShutdownCode, cancel).ConfigureAwait(false)
            : null;

    public async Task<DomainAction?> GetActionRequestAsync(string vmId, DomainStatus domain, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(domain);
        return table.Find(vmId) is { Ending: false } entry && entry.Domid == domain.Domid
            ? await RequestOfAsync(entry, domain.ShutdownCode, cancel).ConfigureAwait(false)
            : null;
    }

    /// <summary>What the end of a domain asks for, or what is written for one that lives.</summary>
    private async Task<DomainAction?> RequestOfAsync(DomainEntry entry, int? shutdownCode, CancellationToken cancel) =>
        shutdownCode switch
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

    public Task S3SuspendAsync(string vmId, CancellationToken cancel) => StoreErrors.MapAsync(() => sleep.SuspendAsync(table.Get(vmId), cancel));

    public Task S3ResumeAsync(string vmId, CancellationToken cancel)
    {
        sleep.Wake(table.Get(vmId));
        return Task.CompletedTask;
    }

    public bool CanSoftReset => hypervisor.CanSoftReset;

    public async Task SoftRebootAsync(DomainDescription vm, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vm);
        var entry = table.Get(vm.Vm.id);
        List<Vbd> disks = [];
        List<Vif> interfaces = [];
        foreach (var vbd in vm.Vbds)
        {
            if ((await GetVbdStateAsync(vbd, cancel).ConfigureAwait(false)).plugged)
            {
                disks.Add(vbd);
            }
        }

        foreach (var vif in vm.Vifs)
        {
            if ((await GetVifStateAsync(vif, cancel).ConfigureAwait(false)).plugged)
            {
                interfaces.Add(vif);
            }
        }

        await StoreErrors.MapAsync(() => softReset.RunAsync(entry, cancel)).ConfigureAwait(false);
        foreach (var vbd in disks)
        {
            await ActivateVbdAsync(vbd, cancel).ConfigureAwait(false);
        }

        foreach (var vif in interfaces)
        {
            await PlugVifAsync(vif, cancel).ConfigureAwait(false);
        }

        hypervisor.Unpause(entry.Domid);
    }

    public async Task AssertCanSaveAsync(string vmId, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        if (!entry.Built)
        {
            throw new XenopsError(new XenopsErrorValue.Domain_not_built());
        }

        var passed = await StoreErrors.MapAsync(() => store.DirectoryAsync(PciKeys.Root(entry.Domid), cancel)).ConfigureAwait(false);
        if (PciKeys.Stays(passed))
        {
            throw XenopsError.Internal($"{vmId} has a PCI device: it cannot be saved");
        }
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

    private Task<string?> UsbRecordAsync(Vusb vusb, DomainEntry entry, CancellationToken cancel) =>
        StoreErrors.MapAsync(() => store.ReadAsync(UsbPath(vusb, entry), cancel));

    private static string UsbPath(Vusb vusb, DomainEntry entry) => StorePaths.Private(entry.Domid, $"device/vusb/{vusb.id.device}");

    private static XenopsError Unimplemented(string what) => new(new XenopsErrorValue.Unimplemented(what));

    private static string Text(long value) => value.ToString(CultureInfo.InvariantCulture);
}
