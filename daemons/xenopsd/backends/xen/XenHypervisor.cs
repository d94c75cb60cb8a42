using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen;
using Toolstack.Interop.Xen.Events;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Backends.Xen.Building;
using Toolstack.Xenopsd.Backends.Xen.Migration;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Xen;

/// <summary>
/// A real Xen as the domain backend drives it: PV and PVH guests by hypercalls and, to load them, the helper that is named when it is
/// opened. What needs an emulator raises XenopsError Unimplemented with its name.
/// </summary>
public sealed class XenHypervisor : IHypervisor
{
    private const string Socket = "/run/xenstored/socket";
    private const string Device = "/dev/xen/xenbus";

    private readonly XenHost xen;
    private readonly DomainBuilder builder;

    private XenHypervisor(XenHost xen, string builderPath)
    {
        this.xen = xen;
        builder = new DomainBuilder(builderPath);
    }

    /// <summary>True where there is a Xen to talk to.</summary>
    public static bool Available => XenHost.Available;

    public string Name => "xen";

    /// <summary>The socket of xenstored; the kernel's device where xenstored runs in a domain of its own.</summary>
    public string XenstorePath => Path.Exists(Socket) ? Socket : Device;

    /// <summary>Opens the hypervisor of this host. Raises HypervisorError when there is none, or when it speaks no known version of its interfaces.</summary>
    /// <param name="builderPath">The helper <c>xen-domain-builder</c>.</param>
    public static XenHypervisor Open(string builderPath) => new(XenHost.Open(), builderPath);

    public XenMachine Machine() => xen.Machine();

    public IReadOnlyList<XenDomain> Domains() => xen.Domains();

    public XenDomain? Domain(int domid) => xen.Domain(domid);

    public void Pause(int domid) => xen.Pause(domid);

    public void Unpause(int domid) => xen.Unpause(domid);

    public Task DestroyAsync(int domid, CancellationToken cancel) => Task.Run(() => xen.Destroy(domid, cancel), cancel);

    public int Create(NewDomain domain)
    {
        ArgumentNullException.ThrowIfNull(domain);
        if (domain.Kind is not (GuestKind.Pv or GuestKind.Pvh))
        {
            throw Unimplemented($"a guest of kind {domain.Kind}");
        }

        return xen.Create(new XenDomainRequest(domain.Handle, domain.MaxVcpus, domain.MaxGrantFrames)
        {
            Hvm = domain.Kind == GuestKind.Pvh,
            NestedPaging = domain.NestedPaging,
            Iommu = domain.Pci,
            NestedVirtualisation = domain.Kind == GuestKind.Pvh && PlatformKeys.Flag(domain.Platform, "nested-virt") == true,
            RelaxedMsr = PlatformKeys.Flag(domain.Platform, "msr-relaxed") == true,
            MaxMapTrackFrames = PlatformKeys.Count(domain.Platform, "max_maptrack_frames") ?? 0,
        });
    }

    public void SetHandle(int domid, Guid handle) => xen.SetHandle(domid, handle);

    public void SetMaxMemory(int domid, long bytes) => xen.SetMaxMemory(domid, bytes);

    public void SetPagingPool(int domid, long bytes) => xen.SetPagingPool(domid, bytes);

    public void SetHardAffinity(int domid, int vcpu, IReadOnlyList<int> cpus) => xen.SetHardAffinity(domid, vcpu, cpus);

    public void SetScheduling(int domid, int weight, int cap) => xen.SetScheduling(domid, weight, cap);

    public int AllocatePort(int domid, int remoteDomid) => xen.AllocatePort(domid, remoteDomid);

    public void ShutDown(int domid, ShutdownReason reason) => xen.ShutDown(domid, (int)reason);

    /// <summary>Null when the signal cannot be had: xenstore will do.</summary>
    public SuspendSignal? OpenSuspendSignal(int domid)
    {
        try
        {
            return xen.OpenSuspendSignal(domid);
        }
        catch (HypervisorError)
        {
            return null;
        }
    }

    public void ResumeCooperatively(int domid) => xen.ResumeCancelled(domid);

    public Task<GuestRings> BuildAsync(int domid, GuestImage image, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(image);
        return builder.RunAsync(xen.Machine(), domid, image, cancel);
    }

    public IHypervisorSource OpenSource(int domid, string vmDescription, Action suspend) =>
        XenTransfers.OpenSource(domid, vmDescription, suspend);

    public IHypervisorTarget OpenTarget(int domid, int storePort, int consolePort) =>
        XenTransfers.OpenTarget(domid, storePort, consolePort);

    public void AssignDevice(int domid, PciAddress device) => xen.AssignDevice(domid, Number(device));

    public void DeassignDevice(int domid, PciAddress device) => xen.DeassignDevice(domid, Number(device));

    /// <summary>Xen keeps the mode whoever ended, and it costs the guest time until then.</summary>
    public void EndLogDirty(int domid) => XenTransfers.EndLogDirty(domid);

    public CpuFeatures Features()
    {
        var features = xen.Features();
        return new CpuFeatures(features.Host, features.PvMax, features.HvmMax, features.PvDefault, features.HvmDefault);
    }

    public string ReadConsole() => xen.ReadConsole();

    public void SendDebugKeys(string keys) => xen.SendDebugKeys(keys);

    public ValueTask DisposeAsync()
    {
        xen.Dispose();
        return ValueTask.CompletedTask;
    }

    private static uint Number(PciAddress device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return checked((uint)(device.domain << 16 | device.bus << 8 | device.dev << 3 | device.fn));
    }

    private static XenopsError Unimplemented(string call) => new(new XenopsErrorValue.Unimplemented("xen: " + call));
}
