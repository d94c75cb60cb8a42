using System.Globalization;
using Microsoft.Extensions.Logging;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Devices;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Backends.Domains.Watching;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>
/// Takes over what a process before this one left: domains whose tree is this toolstack's are known again; a domain without a tree was
/// being made, one with the handle of the dead was being destroyed, and both are ended; trees of domains that are gone are removed.
/// Domains of anybody else are left alone.
/// </summary>
internal sealed class Adoption(
    IHypervisor hypervisor, XenstoreClient store, DomainTable table, Destruction destruction, IDomainObserver observer, ILogger logger)
{
    public async Task RunAsync(CancellationToken cancel)
    {
        await MakeRootsAsync(cancel).ConfigureAwait(false);
        var domains = hypervisor.Domains().Where(static d => d.Domid != 0).ToList();
        foreach (var domain in domains)
        {
            await TakeAsync(domain, cancel).ConfigureAwait(false);
        }

        await SweepAsync([.. domains.Select(static d => d.Domid)], cancel).ConfigureAwait(false);
    }

    /// <summary>What stands before the first domain is made.</summary>
    public Task MakeRootsAsync(CancellationToken cancel) => store.TransactionAsync(
        transaction =>
        {
            foreach (string root in StorePaths.Roots)
            {
                transaction.MakeDirectory(root);
            }

            transaction.Write(StorePaths.DisableUdev, "1");
            return Task.CompletedTask;
        },
        cancel);

    private async Task TakeAsync(XenDomain domain, CancellationToken cancel)
    {
        string vmId = domain.Handle.ToString();
        if (domain.Dying)
        {
            return;
        }

        var keys = await store.ReadAllAsync(
            [
                StorePaths.Private(domain.Domid), StorePaths.Domain(domain.Domid), StorePaths.Domain(domain.Domid, StoreKeys.Name),
                StorePaths.Domain(domain.Domid, StoreKeys.DomainType), StorePaths.Domain(domain.Domid, "domid"),
            ],
            cancel).ConfigureAwait(false);
        bool ours = keys[0] is not null;
        bool ending = Handles.IsEnding(domain.Handle);
        bool noTree = keys[1] is null && domain is { Paused: true, MemoryBytes: 0 };
        if (!ours && !ending && !noTree)
        {
            Log.DomainForeign(logger, domain.Domid, vmId);
            return;
        }

        DomainEntry entry = new(await VmOfAsync(domain, cancel).ConfigureAwait(false), domain.Domid, DomainTree.KindOf(keys[3]))
        {
            Handle = domain.Handle,
            Name = keys[2] ?? "",
            StartTime = await StartTimeAsync(vmId, domain.Domid, cancel).ConfigureAwait(false),
            Built = keys[4] is not null,
            MayHaveDevices = true,
            SeenShutdown = domain.ShutdownCode,
            TargetKib = domain.MemoryBytes >> 10,
        };
        if (ending || noTree)
        {
            Log.DomainLeftOver(logger, domain.Domid, entry.VmId);
            await destruction.AbandonAsync(entry).ConfigureAwait(false);
            return;
        }

        await AdoptAsync(entry, cancel).ConfigureAwait(false);
    }

    private async Task AdoptAsync(DomainEntry entry, CancellationToken cancel)
    {
        try
        {
            hypervisor.EndLogDirty(entry.Domid);
        }
        catch (HypervisorError error)
        {
            // The next copy of the domain begins with that.
            Log.LogDirtyStays(logger, entry.Domid, error.Message);
        }

        await DomainReading.RefreshAsync(store, entry, cancel).ConfigureAwait(false);
        entry.Vcpus = await OnlineVcpusAsync(entry.Domid, cancel).ConfigureAwait(false);
        foreach (var (kind, nameKey) in ((string, string)[])[(VbdKeys.Kind, "vbd-id"), (VifKeys.Kind, "vif-id")])
        {
            foreach (string text in await store.DirectoryAsync(StorePaths.Private(entry.Domid, $"device/{kind}"), cancel).ConfigureAwait(false))
            {
                if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
                {
                    DeviceAddress device = new(entry.VmId, entry.Domid, 0, kind, kind, id);
                    entry.Devices[(kind, id)] = await store.ReadAsync(device.Private + "/" + nameKey, cancel).ConfigureAwait(false) ?? text;
                }
            }
        }

        table.Add(entry);
        entry.Watch = await DomainWatch.StartAsync(store, entry, observer, logger, cancel).ConfigureAwait(false);
        foreach (string kind in entry.Devices.Keys.Select(static k => k.Kind).Distinct())
        {
            await entry.Watch.WatchBackendsAsync(kind, cancel).ConfigureAwait(false);
        }

        Log.DomainAdopted(logger, entry.Domid, entry.VmId);
    }

    /// <summary>The VM of a domain: its handle, or when that is gone already what the tree says.</summary>
    private async Task<string> VmOfAsync(XenDomain domain, CancellationToken cancel)
    {
        string handle = domain.Handle.ToString();
        if (!Handles.IsEnding(domain.Handle))
        {
            return handle;
        }

        string? path = await store.ReadAsync(StorePaths.Domain(domain.Domid, "vm"), cancel).ConfigureAwait(false);
        return path is null ? handle : path[(path.LastIndexOf('/') + 1)..];
    }

    private async Task<DateTimeOffset> StartTimeAsync(string vmId, int domid, CancellationToken cancel)
    {
        string? text = await store.ReadAsync(StorePaths.VmDomain(vmId, domid) + "/create-time", cancel).ConfigureAwait(false);
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long nanoseconds)
            ? DateTimeOffset.UtcNow - TimeSpan.FromTicks(Math.Max(0, MonotonicClock.Nanoseconds - nanoseconds) / TimeSpan.NanosecondsPerTick)
            : DateTimeOffset.UtcNow;
    }

    private async Task<int> OnlineVcpusAsync(int domid, CancellationToken cancel)
    {
        var vcpus = await store.DirectoryAsync(StorePaths.Domain(domid, "cpu"), cancel).ConfigureAwait(false);
        var states = await store.ReadAllAsync(vcpus.Select(v => StorePaths.Domain(domid, $"cpu/{v}/availability")), cancel).ConfigureAwait(false);
        return states.Count(static s => s == "online");
    }

    /// <summary>Removes the trees of domains that are no more.</summary>
    private async Task SweepAsync(HashSet<int> live, CancellationToken cancel)
    {
        foreach (string name in await store.DirectoryAsync("/xenops/domain", cancel).ConfigureAwait(false))
        {
            if (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int domid) && !live.Contains(domid))
            {
                Log.TreeLeftOver(logger, domid);
                string? vm = await store.ReadAsync(StorePaths.Domain(domid, "vm"), cancel).ConfigureAwait(false);
                DomainEntry gone = new(vm?[(vm.LastIndexOf('/') + 1)..] ?? "", domid, GuestKind.Pvh)
                {
                    Name = "",
                    StartTime = DateTimeOffset.UtcNow,
                    MayHaveDevices = true,
                };
                await destruction.AbandonAsync(gone).ConfigureAwait(false);
            }
        }

        foreach (string root in (string[])["/vm", "/xapi"])
        {
            foreach (string vmId in await store.DirectoryAsync(root, cancel).ConfigureAwait(false))
            {
                if (Guid.TryParseExact(vmId, "D", out _) && table.Find(vmId) is null && await IsOrphanAsync(vmId, live, cancel).ConfigureAwait(false))
                {
                    await store.RemoveAsync($"{root}/{vmId}", cancel).ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>No live domain is named there: another toolstack's VM has one.</summary>
    private async Task<bool> IsOrphanAsync(string vmId, HashSet<int> live, CancellationToken cancel)
    {
        bool made = await store.ReadAsync(StorePaths.Vm(vmId, "domains"), cancel).ConfigureAwait(false) is not null;
        var domains = await store.DirectoryAsync(StorePaths.Vm(vmId, "domains"), cancel).ConfigureAwait(false);
        return made && !domains.Any(d => int.TryParse(d, NumberStyles.None, CultureInfo.InvariantCulture, out int domid) && live.Contains(domid));
    }
}
