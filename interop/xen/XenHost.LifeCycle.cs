using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Events;
using Toolstack.Interop.Xen.Hypercalls;
using Toolstack.Interop.Xen.Memory;

namespace Toolstack.Interop.Xen;

/// <summary>
/// An empty domain as it is asked for. A domain with its own page tables made by the processor is one of hardware virtualisation
/// (<see cref="Hvm"/>); only the local interrupt controller is emulated for it. <see cref="MaxMapTrackFrames"/> of 0: it maps nobody's grants.
/// </summary>
public sealed record XenDomainRequest(Guid Handle, int MaxVcpus, int MaxGrantFrames)
{
    public bool Hvm { get; init; }

    public bool NestedPaging { get; init; }

    public bool Iommu { get; init; }

    public bool NestedVirtualisation { get; init; }

    public bool RelaxedMsr { get; init; }

    public int MaxMapTrackFrames { get; init; }
}

/// <summary>The making of domains, what is set of them, and their end.</summary>
public sealed unsafe partial class XenHost
{
    private const int PayloadOffset = 16;
    private const int AffinityBytes = 128;
    private const int GrantVersion = 1;
    private const ulong SuspendCancelled = 1;

    /// <summary>Since this version of Xen the structure has four bytes more.</summary>
    private static readonly (int Major, int Minor) GrownCreateDomain = (4, 20);

    /// <summary>Makes the domain, paused once, with its vCPUs and without memory; Xen chooses the domid.</summary>
    public int Create(XenDomainRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var layout = Describe(request);
        int domid;
        lock (gate)
        {
            long version = privcmd.Call("xen_version", HypercallNumbers.XenVersion, VersionCommands.Version);
            bool grown = ((int)(version >> 16), (int)(version & 0xffff)).CompareTo(GrownCreateDomain) >= 0;
            var call = Prepare(CreateDomainLayout.Command, 0);
            if (grown)
            {
                var place = (CreateDomainLayoutOf420*)((byte*)call + PayloadOffset);
                place->Former = layout;
                place->AlternativeTables = 0;
                place->TraceSize = layout.TraceSize;
                place->CpuPool = layout.CpuPool;
                place->EmulationFlags = layout.EmulationFlags;
                place->MiscFlags = layout.MiscFlags;
            }
            else
            {
                *(CreateDomainLayout*)((byte*)call + PayloadOffset) = layout;
            }

            privcmd.Call("domctl createdomain", HypercallNumbers.Domctl, (ulong)call);
            domid = call->Domain;
        }

        try
        {
            Set("domctl max_vcpus", SettingCommands.MaxVcpus, domid, (uint)request.MaxVcpus);
            return domid;
        }
        catch
        {
            Destroy(domid, CancellationToken.None);
            throw;
        }
    }

    public void SetHandle(int domid, Guid handle)
    {
        DomainHandleLayout layout;
        handle.TryWriteBytes(new Span<byte>(layout.Bytes, 16), bigEndian: true, out _);
        Set("domctl setdomainhandle", SettingCommands.SetHandle, domid, layout);
    }

    /// <summary>The most memory it may have, in bytes; what it has above that it keeps.</summary>
    public void SetMaxMemory(int domid, long bytes) => Set("domctl max_mem", SettingCommands.MaxMemory, domid, (ulong)bytes >> 10);

    /// <summary>Memory for the page tables of a domain with nested paging, in bytes. EBUSY when more than that is in use.</summary>
    public void SetPagingPool(int domid, long bytes)
    {
        const ulong mask = PageSize - 1;
        Set("domctl set_paging_mempool_size", SettingCommands.SetPagingPool, domid, ((ulong)bytes + mask) & ~mask);
    }

    /// <summary>The CPUs a vCPU may run on; none named: all. EINVAL when none of them exists.</summary>
    public void SetHardAffinity(int domid, int vcpu, IReadOnlyList<int> cpus)
    {
        ArgumentNullException.ThrowIfNull(cpus);
        lock (gate)
        {
            var call = Prepare(AffinityLayout.SetCommand, domid);
            var map = arena.Bytes(ListOffset, AffinityBytes);
            // SAFETY: the arena has that many bytes there, and is used under the gate only.
            Span<byte> bits = new(map, AffinityBytes);
            bits.Fill(cpus.Count == 0 ? byte.MaxValue : (byte)0);
            foreach (int cpu in cpus)
            {
                if ((uint)cpu >= AffinityBytes * 8)
                {
                    throw new HypervisorError($"CPU {cpu}", LibC.EINVAL);
                }

                bits[cpu / 8] |= (byte)(1 << cpu % 8);
            }

            *(AffinityLayout*)((byte*)call + PayloadOffset) = new AffinityLayout
            {
                Vcpu = (uint)vcpu,
                Flags = AffinityLayout.HardFlag,
                Hard = new BitmapLayout { Address = (ulong)map, Bits = AffinityBytes * 8 },
            };
            privcmd.Call("domctl setvcpuaffinity", HypercallNumbers.Domctl, (ulong)call);
        }
    }

    /// <summary>Share beside other domains and ceiling in percent of one CPU (0 for none). EOPNOTSUPP under a scheduler without them.</summary>
    public void SetScheduling(int domid, int weight, int cap)
    {
        lock (gate)
        {
            uint scheduler = *(uint*)((byte*)SysctlCall("sysctl sched_id", SchedulerId.Command, versions.Sysctl) + sizeof(ulong));
            if (scheduler is not (SchedulingLayout.Credit or SchedulingLayout.Credit2))
            {
                throw new HypervisorError($"scheduler {scheduler}", LibC.EOPNOTSUPP);
            }

            var layout = new SchedulingLayout { Scheduler = scheduler, Operation = SchedulingLayout.PutInfo, Weight = checked((ushort)weight), Cap = checked((ushort)cap) };
            Set("domctl scheduler_op", SchedulingLayout.Command, domid, layout);
        }
    }

    /// <summary>A port of the domain to which <paramref name="remoteDomid"/> may bind.</summary>
    public int AllocatePort(int domid, int remoteDomid)
    {
        lock (gate)
        {
            var argument = arena.Zeroed<AllocateUnboundLayout>();
            argument->Domain = (ushort)domid;
            argument->Remote = (ushort)remoteDomid;
            privcmd.Call("evtchn_alloc_unbound", HypercallNumbers.EventChannelOp, AllocateUnboundLayout.Command, (ulong)argument);
            return (int)argument->Port;
        }
    }

    /// <summary>Tells of the domain's suspension as it happens.</summary>
    public SuspendSignal OpenSuspendSignal(int domid) => SuspendSignal.Open(this, domid);

    /// <summary>The domain's own port that is sent to when it suspends; 0 for none.</summary>
    internal void Subscribe(int domid, uint port) =>
        Set("domctl subscribe", SubscribeLayout.Command, domid, new SubscribeLayout { Port = port });

    /// <summary>Stops the domain for a reason (0 poweroff, 1 reboot, 2 suspend, 3 crash) without asking the guest.</summary>
    public void ShutDown(int domid, int reason)
    {
        lock (gate)
        {
            var argument = arena.Zeroed<RemoteShutdownLayout>();
            argument->Domain = (ushort)domid;
            argument->Reason = (uint)reason;
            privcmd.Call("sched_remote_shutdown", HypercallNumbers.SchedOp, RemoteShutdownLayout.Command, (ulong)argument);
        }
    }

    /// <summary>Lets a domain go on that is shut down: all its vCPUs, from where they stand. The first one finds, as the result of the hypercall
    /// that suspended it, that the suspension was cancelled: nothing of the domain was lost.</summary>
    public void ResumeCancelled(int domid)
    {
        lock (gate)
        {
            var context = (VcpuGuestContext*)arena.Bytes(ListOffset, sizeof(VcpuGuestContext));
            VcpuContextOp argument = new() { Context = (ulong)context };
            Set("domctl getvcpucontext", VcpuContextOp.Get, domid, argument);
            context->Rax = SuspendCancelled;
            Set("domctl setvcpucontext", VcpuContextOp.Set, domid, argument);
            Command("domctl resumedomain", SettingCommands.ResumeDomain, domid);
        }

        LateUnmapping.Begin(domid);
    }

    /// <summary>Gives a PCI device to a domain, or takes it back. The address is segment &lt;&lt; 16 | bus &lt;&lt; 8 | device &lt;&lt; 3 | function.</summary>
    public void AssignDevice(int domid, uint address) => Set(
        "domctl assign_device", DeviceAssignmentLayout.AssignCommand, domid,
        new DeviceAssignmentLayout { Flags = DeviceAssignmentLayout.RelaxedReservedMemory, Address = address });

    public void DeassignDevice(int domid, uint address) => Set(
        "domctl deassign_device", DeviceAssignmentLayout.DeassignCommand, domid, new DeviceAssignmentLayout { Address = address });

    private static CreateDomainLayout Describe(XenDomainRequest request)
    {
        var layout = new CreateDomainLayout
        {
            Flags = (request.Hvm ? CreateDomainLayout.Hvm : 0)
                | (request.NestedPaging ? CreateDomainLayout.NestedPaging : 0)
                | (request.Iommu ? CreateDomainLayout.Iommu : 0)
                | (request.NestedVirtualisation ? CreateDomainLayout.NestedVirtualisation : 0),
            MaxVcpus = (uint)request.MaxVcpus,
            MaxEventChannelPort = uint.MaxValue,
            MaxGrantFrames = request.MaxGrantFrames,
            MaxMapTrackFrames = request.MaxMapTrackFrames,
            GrantVersion = GrantVersion,
            EmulationFlags = request.Hvm ? CreateDomainLayout.LocalApic : 0,
            MiscFlags = request.RelaxedMsr ? CreateDomainLayout.RelaxedMsr : 0,
        };
        request.Handle.TryWriteBytes(new Span<byte>(layout.Handle, 16), bigEndian: true, out _);
        return layout;
    }

    /// <summary>A domctl that tells Xen one structure and learns nothing.</summary>
    private void Set<T>(string name, uint command, int domid, T argument)
        where T : unmanaged
    {
        lock (gate)
        {
            var call = Prepare(command, domid);
            *(T*)((byte*)call + PayloadOffset) = argument;
            privcmd.Call(name, HypercallNumbers.Domctl, (ulong)call);
        }
    }

    // SAFETY: no argument is longer than the union, which takes up all of the structure from PayloadOffset on (sizes are tested).
    private Domctl* Prepare(uint command, int domid)
    {
        var call = arena.Zeroed<Domctl>();
        call->Command = command;
        call->InterfaceVersion = versions.Domctl;
        call->Domain = (ushort)domid;
        return call;
    }
}
