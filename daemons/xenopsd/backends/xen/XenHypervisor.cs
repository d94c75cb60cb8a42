using Toolstack.Interop.Xen;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Xen;

/// <summary>
/// A real Xen as the domain backend drives it. What domctl and sysctl do alone is here: the machine, its domains and their state,
/// pause, unpause, destroy. What needs a domain builder or a guest's memory raises XenopsError Unimplemented with its name.
/// </summary>
public sealed class XenHypervisor : IHypervisor
{
    private const string Socket = "/run/xenstored/socket";
    private const string Device = "/dev/xen/xenbus";

    private readonly XenHost xen;

    private XenHypervisor(XenHost xen) => this.xen = xen;

    /// <summary>True where there is a Xen to talk to.</summary>
    public static bool Available => XenHost.Available;

    public string Name => "xen";

    /// <summary>The socket of xenstored; the kernel's device where xenstored runs in a domain of its own.</summary>
    public string XenstorePath => Path.Exists(Socket) ? Socket : Device;

    /// <summary>Opens the hypervisor of this host. Raises HypervisorError when there is none, or when it speaks no known version of its interfaces.</summary>
    public static XenHypervisor Open() => new(XenHost.Open());

    public XenMachine Machine() => xen.Machine();

    public IReadOnlyList<XenDomain> Domains() => xen.Domains();

    public XenDomain? Domain(int domid) => xen.Domain(domid);

    public void Pause(int domid) => xen.Pause(domid);

    public void Unpause(int domid) => xen.Unpause(domid);

    public Task DestroyAsync(int domid, CancellationToken cancel) => Task.Run(() => xen.Destroy(domid, cancel), cancel);

    public int Create(NewDomain domain) => throw Unimplemented("create");

    public void SetHandle(int domid, Guid handle) => throw Unimplemented("set_handle");

    public void SetMaxMemory(int domid, long bytes) => throw Unimplemented("set_max_memory");

    public void SetPagingPool(int domid, long bytes) => throw Unimplemented("set_paging_pool");

    public void SetHardAffinity(int domid, int vcpu, IReadOnlyList<int> cpus) => throw Unimplemented("set_affinity");

    public void SetScheduling(int domid, int weight, int cap) => throw Unimplemented("set_scheduling");

    public int AllocatePort(int domid, int remoteDomid) => throw Unimplemented("allocate_port");

    public void ShutDown(int domid, ShutdownReason reason) => throw Unimplemented("shut_down");

    public void ResumeCooperatively(int domid) => throw Unimplemented("resume");

    public Task<GuestRings> BuildAsync(int domid, GuestImage image, CancellationToken cancel) => throw Unimplemented("build");

    public IHypervisorSource OpenSource(int domid, string vmDescription, Action suspend) => throw Unimplemented("save");

    public IHypervisorTarget OpenTarget(int domid, int storePort, int consolePort) => throw Unimplemented("restore");

    public void AssignDevice(int domid, PciAddress device) => throw Unimplemented("assign_device");

    public void DeassignDevice(int domid, PciAddress device) => throw Unimplemented("deassign_device");

    public CpuFeatures Features() => throw Unimplemented("features");

    public string ReadConsole() => throw Unimplemented("console");

    public void SendDebugKeys(string keys) => throw Unimplemented("debug_keys");

    public ValueTask DisposeAsync()
    {
        xen.Dispose();
        return ValueTask.CompletedTask;
    }

    private static XenopsError Unimplemented(string call) => new(new XenopsErrorValue.Unimplemented("xen: " + call));
}
