using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.XenSimulator.Contract;

/// <summary>
/// The hypercalls of the simulated host. Requests and replies are MessagePack in frames of <see cref="HypercallFrame"/> on a Unix
/// stream socket; a connection has one call under way, so a client opens as many as it has calls. Memory in bytes. Every method
/// raises <see cref="HypercallError"/>: ESRCH for an unknown domain, EINVAL for a call that does not fit its state, ENOMEM.
/// </summary>
[QueueInterface("hypercalls", Error = typeof(HypercallError))]
public interface IHypercalls
{
    [WireName("machine"), RetrySafe] Task<MachineInfo> Machine(CancellationToken cancel);
    [WireName("domains"), RetrySafe] Task<ImmutableArray<DomainInfo>> Domains(CancellationToken cancel);
    [WireName("domain"), RetrySafe] Task<DomainInfo> Domain(long domid, CancellationToken cancel);
    [WireName("console"), RetrySafe] Task<string> Console(CancellationToken cancel);
    /// <summary>What the guest wrote on its console, as far as it is kept.</summary>
    [WireName("guest_console"), RetrySafe] Task<string> GuestConsole(long domid, CancellationToken cancel);

    /// <summary>What a debugger would find in a guest, running or not: the answer to one of the scripts that change nothing
    /// (<c>verify-memory</c>, <c>counter</c>, <c>longest-pause</c>, <c>longest-stop</c>). EINVAL for any other.</summary>
    [WireName("inspect"), RetrySafe] Task<string> Inspect(long domid, string script, CancellationToken cancel);

    [WireName("create")] Task<long> Create(NewDomainInfo domain, CancellationToken cancel);
    [WireName("set_handle"), RetrySafe] Task SetHandle(long domid, string handle, CancellationToken cancel);
    [WireName("set_max_memory"), RetrySafe] Task SetMaxMemory(long domid, long bytes, CancellationToken cancel);
    [WireName("set_paging_pool"), RetrySafe] Task SetPagingPool(long domid, long bytes, CancellationToken cancel);
    [WireName("set_affinity"), RetrySafe] Task SetAffinity(long domid, long vcpu, ImmutableArray<long> cpus, CancellationToken cancel);
    [WireName("set_scheduling"), RetrySafe] Task SetScheduling(long domid, long weight, long cap, CancellationToken cancel);
    [WireName("allocate_port")] Task<long> AllocatePort(long domid, long remote, CancellationToken cancel);
    /// <summary>A PCI device by its address, or another device by its name, to a domain or, with DOMID_IO, to nobody (quarantine).</summary>
    [WireName("assign_device")] Task AssignDevice(long domid, string address, CancellationToken cancel);
    [WireName("deassign_device")] Task DeassignDevice(long domid, string address, CancellationToken cancel);

    /// <summary>Starts a share of a graphics card for a domain; <paramref name="saved"/>: its state comes by <see cref="SetVgpu"/>, and the domain does not run before.</summary>
    [WireName("start_vgpu")] Task StartVgpu(long domid, string card, string device, bool saved, CancellationToken cancel);
    /// <summary>The domain's shares with their states; EBUSY unless the guest is suspended.</summary>
    [WireName("vgpus"), RetrySafe] Task<ImmutableArray<VgpuInfo>> Vgpus(long domid, CancellationToken cancel);
    /// <summary>EINVAL for a share that does not wait for its state.</summary>
    [WireName("set_vgpu")] Task SetVgpu(long domid, VgpuInfo vgpu, CancellationToken cancel);

    [WireName("pause")] Task Pause(long domid, CancellationToken cancel);
    [WireName("unpause")] Task Unpause(long domid, CancellationToken cancel);
    /// <summary>Stops the domain for a reason of Xen's shutdown codes without asking the guest.</summary>
    [WireName("shut_down")] Task ShutDown(long domid, long reason, CancellationToken cancel);
    /// <summary>Cooperative resume of a suspended domain.</summary>
    [WireName("resume")] Task Resume(long domid, CancellationToken cancel);
    /// <summary>Whether the guest is suspended to its own memory.</summary>
    [WireName("is_asleep"), RetrySafe] Task<bool> IsAsleep(long domid, CancellationToken cancel);
    [WireName("wake"), RetrySafe] Task Wake(long domid, CancellationToken cancel);
    /// <summary>Event channels go, memory stays. EINVAL for a domain that did not shut itself down for that.</summary>
    [WireName("soft_reset")] Task SoftReset(long domid, CancellationToken cancel);
    [WireName("destroy")] Task Destroy(long domid, CancellationToken cancel);

    /// <summary>Boots the guest program; the domain stays paused as often as it was.</summary>
    [WireName("build")] Task<RingFrames> Build(long domid, GuestImageInfo image, CancellationToken cancel);
    /// <summary>Gives an empty domain the memory that a restore fills.</summary>
    [WireName("prepare_restore")] Task PrepareRestore(long domid, CancellationToken cancel);
    /// <summary>Starts the guest that has been written into the domain's memory. EINVAL when memory and context disagree.</summary>
    [WireName("set_context")] Task<RingFrames> SetContext(long domid, GuestContext context, CancellationToken cancel);
    /// <summary>EBUSY unless the guest is suspended.</summary>
    [WireName("get_context"), RetrySafe] Task<GuestContext> GetContext(long domid, CancellationToken cancel);

    /// <summary>The length of the domain's memory; its memfd comes with the reply.</summary>
    [WireName("map_memory"), RetrySafe] Task<long> MapMemory(long domid, CancellationToken cancel);
    /// <summary>Starts to record writes, clean. The memfd that receives bitmaps comes with the reply. Ends with the connection.</summary>
    [WireName("enable_log_dirty")] Task<long> EnableLogDirty(long domid, CancellationToken cancel);
    /// <summary>Moves the bitmap into the shared memory and gives the number of bits set.</summary>
    [WireName("clean_log_dirty")] Task<long> CleanLogDirty(long domid, CancellationToken cancel);
    [WireName("disable_log_dirty"), RetrySafe] Task DisableLogDirty(long domid, CancellationToken cancel);

    /// <summary>Adds a fault (see <see cref="FaultSyntax"/>); EINVAL for a text that is none.</summary>
    [WireName("fault")] Task Fault(string text, CancellationToken cancel);
    /// <summary>The faults that have not run out, in their order.</summary>
    [WireName("faults"), RetrySafe] Task<ImmutableArray<string>> Faults(CancellationToken cancel);
    [WireName("clear_faults"), RetrySafe] Task ClearFaults(CancellationToken cancel);
}
