using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>Makes the empty domain: memory promised, domain created, tree written. A failure takes all of it back.</summary>
internal sealed class Creation(IHypervisor hypervisor, XenstoreClient store, DomainTable table, Squeezer squeezer, Destruction destruction)
{
    private const string Session = "xenopsd";
    private const int LeastGrantFrames = 64;
    private const int GrantFramesPerVif = 8;
    private const long KibPerMib = MemoryModel.KibPerMib;

    public async Task<DomainEntry> RunAsync(DomainConfig config, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(config);
        var handle = Handles.Of(config.VmId);
        if (table.Find(config.VmId) is { } former && hypervisor.Own(former) is not { Dying: false })
        {
            // Somebody else ended it: what it left makes place.
            await destruction.AbandonAsync(former).ConfigureAwait(false);
        }

        Check(config);
        var kind = KindOf(config);
        long overheadKib = Overhead(config, kind) * KibPerMib;
        var (min, max) = Range(config);
        var reservation = await squeezer.ReserveAsync(Session, min + overheadKib, max + overheadKib, cancel).ConfigureAwait(false);
        DomainEntry? entry = null;
        try
        {
            int domid = hypervisor.Create(Describe(config, kind, handle));
            if (table.Find(domid) is { } stranger)
            {
                // Its domain is gone, for the hypervisor has given the domid away: what it left must not be taken for the new domain's.
                await destruction.AbandonAsync(stranger).ConfigureAwait(false);
            }

            squeezer.Transfer(reservation, domid);
            entry = Entry(config, kind, domid, reservation.Kib - overheadKib);
            table.Add(entry);
            Configure(config, entry);
            await WriteTreeAsync(config, entry, reservation, cancel).ConfigureAwait(false);
            return entry;
        }
        catch
        {
            squeezer.Reservations.Remove(reservation.Id);
            if (entry is not null)
            {
                await destruction.AbandonAsync(entry).ConfigureAwait(false);
            }

            throw;
        }
    }

    public static GuestKind KindOf(DomainConfig config) => config.Description?.Vm.ty switch
    {
        BuilderInfo.HVM => GuestKind.Hvm,
        BuilderInfo.PV => GuestKind.Pv,
        BuilderInfo.PVinPVH => GuestKind.PvInPvh,
        _ => GuestKind.Pvh,
    };

    /// <summary>Memory the domain takes beyond its guest's, in MiB.</summary>
    private static long Overhead(DomainConfig config, GuestKind kind) =>
        MemoryModel.Overhead(kind, MemoryModel.MibOf(config.MemoryStaticMaxBytes), config.VcpusMax, ShadowMultiplier(config));

    public static double ShadowMultiplier(DomainConfig config) =>
        config.Description?.Vm.ty is BuilderInfo.HVM { info.shadow_multiplier: > 0 and var multiplier } ? multiplier : 1.0;

    /// <summary>What the guest may be given at first: its dynamic range, or exactly what it had when it is to be filled again.</summary>
    private static (long MinKib, long MaxKib) Range(DomainConfig config)
    {
        long limit = MemoryModel.MibOf(config.MemoryLimitBytes) * KibPerMib;
        if (config.Description is not { } description || config.Restores || config.FinalId is not null)
        {
            return (limit, limit);
        }

        long min = MemoryModel.MibOf(description.Vm.memory_dynamic_min) * KibPerMib;
        return (min > 0 && min < limit ? min : limit, limit);
    }

    private static NewDomain Describe(DomainConfig config, GuestKind kind, Guid handle)
    {
        int vbds = config.Description?.Vbds.Length ?? 0;
        int vifs = config.Description?.Vifs.Length ?? 0;
        int frames = PlatformKeys.Count(config.Platform, "max_grant_frames")
            ?? Math.Max(LeastGrantFrames, GrantFramesPerVif * (vifs + 1) + vbds + 1);
        bool nested = kind != GuestKind.Pv && (Required(config, "hap") ?? true);
        bool pci = config.Description is { Pcis.IsEmpty: false } || config.Description?.Vm.ty is
            BuilderInfo.HVM { info.pci_passthrough: true } or BuilderInfo.PV { info.pci_passthrough: true } or BuilderInfo.PVH { info.pci_passthrough: true };
        long most = MemoryModel.XenMax(kind, MemoryModel.MibOf(config.MemoryStaticMaxBytes)) << 20;
        return new NewDomain(handle, kind, config.VcpusMax, frames, nested, pci, config.Platform) { MemoryMaxBytes = most };
    }

    /// <summary>A switch that must not be mistaken: a value that is none is an error.</summary>
    private static bool? Required(DomainConfig config, string key) =>
        !config.Platform.ContainsKey(key) ? null
        : PlatformKeys.Flag(config.Platform, key) ?? throw XenopsError.Internal($"platform:{key} is neither true nor false: {config.Platform[key]}");

    private void Check(DomainConfig config)
    {
        if (config.Vcpus < 1 || config.Vcpus > config.VcpusMax || config.VcpusMax > DomainLimits.MaxVcpus)
        {
            throw new XenopsError(new XenopsErrorValue.Invalid_vcpus(Math.Min(config.VcpusMax, DomainLimits.MaxVcpus)));
        }

        if (table.Find(config.VmId) is not null)
        {
            throw new XenopsError(new XenopsErrorValue.Already_exists("domain", config.VmId));
        }

        if (table.Count >= DomainLimits.MaxDomains)
        {
            throw XenopsError.Internal($"over {nameof(DomainLimits.MaxDomains)} domains");
        }
    }

    private static DomainEntry Entry(DomainConfig config, GuestKind kind, int domid, long targetKib)
    {
        var vm = config.Description?.Vm;
        return new DomainEntry(config.VmId, domid, kind)
        {
            Config = config,
            Name = config.Name,
            StartTime = DateTimeOffset.UtcNow,
            ActionRequest = StoreKeys.Poweroff,
            TargetKib = targetKib,
            DynamicMinKib = vm is null ? targetKib : MemoryModel.MibOf(vm.memory_dynamic_min) * KibPerMib,
            DynamicMaxKib = vm is null ? targetKib : MemoryModel.MibOf(vm.memory_dynamic_max) * KibPerMib,
            Vcpus = config.Vcpus,
            ShadowMultiplier = ShadowMultiplier(config),
        };
    }

    private void Configure(DomainConfig config, DomainEntry entry)
    {
        hypervisor.SetMaxMemory(entry.Domid, Squeezer.MaxBytes(entry, entry.TargetKib));
        long shadow = MemoryModel.Shadow(entry.Kind, MemoryModel.MibOf(config.MemoryStaticMaxBytes), config.VcpusMax, entry.ShadowMultiplier);
        if (shadow > 0)
        {
            hypervisor.SetPagingPool(entry.Domid, shadow << 20);
        }

        if (config.Description?.Vm.scheduler_params is not { } scheduling)
        {
            return;
        }

        if (scheduling.priority is var (weight, cap))
        {
            hypervisor.SetScheduling(entry.Domid, checked((int)weight), checked((int)cap));
        }

        for (int vcpu = 0; vcpu < config.VcpusMax && !scheduling.affinity.IsEmpty; vcpu++)
        {
            // The first list is the template for vCPUs that have none of their own.
            var cpus = vcpu < scheduling.affinity.Length ? scheduling.affinity[vcpu] : scheduling.affinity[0];
            if (!cpus.IsEmpty)
            {
                hypervisor.SetHardAffinity(entry.Domid, vcpu, [.. cpus.Select(static c => checked((int)c))]);
            }
        }
    }

    private Task WriteTreeAsync(DomainConfig config, DomainEntry entry, Reservation reservation, CancellationToken cancel)
    {
        InitialMemory memory = new(entry.TargetKib, reservation.Kib, entry.DynamicMinKib, entry.DynamicMaxKib, reservation.Id);

        NewTree tree = new(entry.Domid, config, entry.Kind, memory, MonotonicClock.Nanoseconds, Guid.NewGuid());
        return store.ApplyAsync(DomainTree.Leftovers(entry.Domid), DomainTree.Create(tree), cancel);
    }
}
