using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Devices;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.LifeCycle;

/// <summary>Puts a guest into an empty domain, and tells xenstore's server of it.</summary>
internal sealed class Building(IHypervisor hypervisor, XenstoreClient store, Reservations reservations, BootLoader bootLoader, AttachedDisks disks)
{
    /// <summary>XenopsError Bootloader_error when a boot loader finds no kernel on the guest's disk, Unimplemented for a guest that needs an emulator.</summary>
    public async Task RunAsync(DomainEntry entry, CancellationToken cancel)
    {
        RequireEmpty(entry);
        var config = entry.Config!;
        using var loaded = BootOf(config) is PvBoot.Indirect(var indirect) ? await LoadAsync(entry, indirect, cancel).ConfigureAwait(false) : null;
        var boot = loaded is null ? DirectOf(config) : new DirectBoot { kernel = loaded.Kernel, ramdisk = loaded.Ramdisk, cmdline = loaded.CommandLine };
        long video = VideoMib(config);
        long staticMib = MemoryModel.MibOf(config.MemoryStaticMaxBytes);
        long targetMib = entry.TargetKib / MemoryModel.KibPerMib;
        var (storePort, consolePort) = AllocatePorts(entry);
        var image = new GuestImage(
            entry.Kind, boot.kernel, boot.cmdline, boot.ramdisk,
            MemoryModel.BuildMax(entry.Kind, staticMib, video) << 20, MemoryModel.BuildStart(entry.Kind, targetMib, video) << 20,
            storePort, consolePort, config.VcpusMax, config.Platform.GetValueOrDefault("featureset"));
        try
        {
            var rings = await hypervisor.BuildAsync(entry.Domid, image, cancel).ConfigureAwait(false);
            await CompleteAsync(entry, storePort, consolePort, rings, cancel).ConfigureAwait(false);
        }
        finally
        {
            // The guest has its memory now, or never will.
            reservations.RemoveOfDomain(entry.Domid);
        }
    }

    /// <summary>The domain's ends of its rings to xenstore and to its console, in the order Xen's tools make them.</summary>
    public (int Store, int Console) AllocatePorts(DomainEntry entry)
    {
        int storePort = hypervisor.AllocatePort(entry.Domid, 0);
        return (storePort, hypervisor.AllocatePort(entry.Domid, 0));
    }

    public static void RequireEmpty(DomainEntry entry)
    {
        if (entry.Built || entry.Config is null)
        {
            throw XenopsError.Internal($"domain {entry.Domid} is built already");
        }
    }

    /// <summary>There is a guest: its tree is completed and the domain introduced. From here on it may run.</summary>
    private Task CompleteAsync(DomainEntry entry, int storePort, int consolePort, GuestRings rings, CancellationToken cancel)
    {
        var tree = Tree(entry, storePort, consolePort, rings);
        return FinishAsync(entry, [.. BuiltTree.First(tree), .. BuiltTree.Last(tree)], storePort, rings, cancel);
    }

    /// <summary>A guest is about to come from an image: writes of its tree what is known by now, for it stands still when the rest is.</summary>
    public Task PrepareAsync(DomainEntry entry, int storePort, int consolePort, CancellationToken cancel) => store.ApplyAsync(
        [], [.. BuiltTree.First(Tree(entry, storePort, consolePort, new GuestRings(0, 0)))], cancel);

    /// <summary>The guest has come: as after a build.</summary>
    public Task CompletePreparedAsync(DomainEntry entry, int storePort, int consolePort, GuestRings rings, CancellationToken cancel) =>
        FinishAsync(entry, BuiltTree.Last(Tree(entry, storePort, consolePort, rings)), storePort, rings, cancel);

    /// <summary>All leaves at once: who looks for the last node finds all of them, and the server is told of the domain behind it.</summary>
    private async Task FinishAsync(DomainEntry entry, IEnumerable<StoreNode> nodes, int storePort, GuestRings rings, CancellationToken cancel)
    {
        List<Task> requests;
        using (store.Collect())
        {
            requests = [.. nodes.Select(node => store.WriteAsync(node.Path, node.Value, cancel))];
            requests.Add(store.IntroduceAsync(entry.Domid, rings.Store, storePort, cancel));
        }

        await Task.WhenAll(requests).ConfigureAwait(false);
        entry.Built = true;
    }

    private static IReadOnlyList<StoreNode> Tree(DomainEntry entry, int storePort, int consolePort, GuestRings rings)
    {
        var config = entry.Config!;
        string offset = config.Description?.Vm.ty is BuilderInfo.HVM { info.timeoffset: { Length: > 0 } set } ? set : "0";
        return BuiltTree.Create(new Built(
            entry.Domid, entry.VmId, entry.Kind, config.MemoryStaticMaxBytes >> 10, entry.TargetKib, storePort, consolePort, rings, offset));
    }

    private Task<LoadedKernel> LoadAsync(DomainEntry entry, IndirectBoot boot, CancellationToken cancel) => boot.devices is [var disk, ..]
        ? bootLoader.RunAsync(entry.VmId, entry.Domid, boot, disks.PathOf(disk), cancel)
        : throw new XenopsError(new XenopsErrorValue.No_bootable_device());

    /// <summary>Null for an HVM guest: the emulator is not started, so what it boots from is the hypervisor's own firmware or nothing.</summary>
    private static PvBoot? BootOf(DomainConfig config) => config.Description?.Vm.ty switch
    {
        BuilderInfo.PV { info.boot: var boot } => boot,
        BuilderInfo.PVinPVH { info.boot: var boot } => boot,
        BuilderInfo.PVH { info.boot: var boot } => boot,
        _ => null,
    };

    private static DirectBoot DirectOf(DomainConfig config) => BootOf(config) is PvBoot.Direct(var direct) ? direct : new DirectBoot();

    private static long VideoMib(DomainConfig config) => config.Description?.Vm.ty is BuilderInfo.HVM { info.video_mib: var mib } ? mib : 0;
}
