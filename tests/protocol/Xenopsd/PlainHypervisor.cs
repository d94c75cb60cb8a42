using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Tests.Xenopsd;

/// <summary>A hypervisor that has what every one must have and nothing that one may lack.</summary>
internal sealed class PlainHypervisor(IHypervisor inner) : IHypervisor
{
    /// <summary>Domains whose log-dirty mode was ended.</summary>
    internal List<int> Ended { get; } = [];

    public string Name => "plain";

    public string XenstorePath => inner.XenstorePath;

    public XenMachine Machine() => inner.Machine();

    public IReadOnlyList<XenDomain> Domains() => inner.Domains();

    public XenDomain? Domain(int domid) => inner.Domain(domid);

    public int Create(NewDomain domain) => inner.Create(domain);

    public void SetHandle(int domid, Guid handle) => inner.SetHandle(domid, handle);

    public void SetMaxMemory(int domid, long bytes) => inner.SetMaxMemory(domid, bytes);

    public void SetPagingPool(int domid, long bytes) => inner.SetPagingPool(domid, bytes);

    public void SetHardAffinity(int domid, int vcpu, IReadOnlyList<int> cpus) => inner.SetHardAffinity(domid, vcpu, cpus);

    public void SetScheduling(int domid, int weight, int cap) => inner.SetScheduling(domid, weight, cap);

    public int AllocatePort(int domid, int remoteDomid) => inner.AllocatePort(domid, remoteDomid);

    public void Pause(int domid) => inner.Pause(domid);

    public void Unpause(int domid) => inner.Unpause(domid);

    public void ShutDown(int domid, ShutdownReason reason) => inner.ShutDown(domid, reason);

    public void ResumeCooperatively(int domid) => inner.ResumeCooperatively(domid);

    public Task DestroyAsync(int domid, CancellationToken cancel) => inner.DestroyAsync(domid, cancel);

    public Task<GuestRings> BuildAsync(int domid, GuestImage image, CancellationToken cancel) => inner.BuildAsync(domid, image, cancel);

    public IHypervisorSource OpenSource(int domid, string vmDescription, Action suspend) => inner.OpenSource(domid, vmDescription, suspend);

    public IHypervisorTarget OpenTarget(int domid, int storePort, int consolePort) => inner.OpenTarget(domid, storePort, consolePort);

    public void AssignDevice(int domid, PciAddress device) => inner.AssignDevice(domid, device);

    public void DeassignDevice(int domid, PciAddress device) => inner.DeassignDevice(domid, device);

    public void EndLogDirty(int domid)
    {
        Ended.Add(domid);
        throw new HypervisorError("domctl shadow_op off", 5);
    }

    public CpuFeatures Features() => inner.Features();

    public string ReadConsole() => inner.ReadConsole();

    public void SendDebugKeys(string keys) => inner.SendDebugKeys(keys);

    public ValueTask DisposeAsync() => inner.DisposeAsync();
}
