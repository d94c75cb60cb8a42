using System.Text;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Hypercalls;
using Toolstack.Interop.Xen.Memory;

namespace Toolstack.Interop.Xen;

/// <summary>A domain as Xen sees it; memory in bytes. <see cref="ShutdownCode"/> is null while it runs.</summary>
public sealed record XenDomain(
    int Domid, Guid Handle, bool Paused, bool Dying, int? ShutdownCode, long MemoryBytes, long MaxMemoryBytes, int OnlineVcpus, TimeSpan CpuTime);

/// <summary>The machine as Xen sees it; memory in bytes, capabilities as Xen spells them (<c>xen-3.0-x86_64 hvm-3.0-x86_64</c>).</summary>
public sealed record XenMachine(
    int Cpus, long TotalMemoryBytes, long FreeMemoryBytes, int MajorVersion, int MinorVersion, string Capabilities)
{
    public int Nodes { get; init; } = 1;

    /// <summary>0 when unknown.</summary>
    public int CoresPerSocket { get; init; }

    public int ThreadsPerCore { get; init; } = 1;

    /// <summary>0 when unknown.</summary>
    public int Khz { get; init; }

    /// <summary>Devices can be given to guests.</summary>
    public bool Iommu { get; init; }
}

/// <summary>
/// The hypervisor of this host: the machine, its domains, and what can be done to them with domctl and sysctl alone.
/// Safe for any thread (calls are made one at a time). Raises <see cref="HypervisorError"/>: ESRCH for an unknown domain.
/// </summary>
public sealed unsafe partial class XenHost : IDisposable
{
    private const int PageSize = 4096;
    private const int ArenaPages = 32;
    private const int ListOffset = PageSize;
    private const int DestroyAttempts = 1000;

    private readonly Lock gate = new();
    private readonly Privcmd privcmd;
    private readonly HypercallArena arena;
    private readonly InterfaceVersions versions;

    private XenHost(Privcmd privcmd, HypercallArena arena)
    {
        this.privcmd = privcmd;
        this.arena = arena;
        versions = InterfaceVersions.Probe(
            version => SysctlCall("sysctl physinfo", SysctlCommands.PhysInfo, version),
            version => DomctlCall("domctl getdomaininfo", DomctlCommands.GetDomainInfo, 0, version));
    }

    /// <summary>True where there is a Xen to talk to.</summary>
    public static bool Available => Privcmd.Available;

    public static XenHost Open()
    {
        var privcmd = Privcmd.Open();
        HypercallArena? arena = null;
        try
        {
            arena = HypercallArena.Create(ArenaPages);
            return new XenHost(privcmd, arena);
        }
        catch
        {
            arena?.Dispose();
            privcmd.Dispose();
            throw;
        }
    }

    public XenMachine Machine()
    {
        lock (gate)
        {
            var version = privcmd.Call("xen_version", HypercallNumbers.XenVersion, VersionCommands.Version);
            var capabilities = Capabilities();
            ref var info = ref SysctlCall("sysctl physinfo", SysctlCommands.PhysInfo, versions.Sysctl)->PhysInfo;
            return new XenMachine((int)info.Cpus, (long)info.TotalPages * PageSize, (long)info.FreePages * PageSize,
                (int)(version >> 16), (int)(version & 0xffff), capabilities)
            {
                Nodes = (int)info.Nodes,
                CoresPerSocket = (int)info.CoresPerSocket,
                ThreadsPerCore = (int)info.ThreadsPerCore,
                Khz = (int)info.CpuKhz,
                Iommu = (info.Capabilities & PhysInfoLayout.DirectIo) != 0,
            };
        }
    }

    /// <summary>Every domain, by domid. Not a snapshot: domains may come and go between its parts.</summary>
    public IReadOnlyList<XenDomain> Domains()
    {
        const int max = (ArenaPages * PageSize - ListOffset) / 112;
        var domains = new List<XenDomain>();
        lock (gate)
        {
            while (true)
            {
                var list = (DomainInfoLayout*)arena.Bytes(ListOffset, max * sizeof(DomainInfoLayout));
                var first = domains.Count == 0 ? 0 : domains[^1].Domid + 1;
                var call = arena.Zeroed<Sysctl>();
                call->Command = SysctlCommands.GetDomainInfoList;
                call->InterfaceVersion = versions.Sysctl;
                call->DomainInfoList = new DomainInfoListLayout { First = (ushort)first, Max = max, Buffer = (ulong)list };
                privcmd.Call("sysctl getdomaininfolist", HypercallNumbers.Sysctl, (ulong)call);
                var count = (int)Math.Min(call->DomainInfoList.Count, max);
                for (var index = 0; index < count; index++)
                {
                    domains.Add(Describe(in list[index]));
                }

                if (count < max)
                {
                    return domains;
                }
            }
        }
    }

    /// <summary>One domain, or null. Older Xens answer with the next domain up instead of an error: that is no answer.</summary>
    public XenDomain? Domain(int domid)
    {
        lock (gate)
        {
            try
            {
                ref var info = ref DomctlCall("domctl getdomaininfo", DomctlCommands.GetDomainInfo, domid, versions.Domctl)->Info;
                return info.Domain == domid ? Describe(in info) : null;
            }
            catch (HypervisorError error) when (error.Errno == LibC.ESRCH)
            {
                return null;
            }
        }
    }

    /// <summary>Xen counts pauses: each needs its own <see cref="Unpause"/>.</summary>
    public void Pause(int domid) => Command("domctl pausedomain", DomctlCommands.PauseDomain, domid);

    public void Unpause(int domid)
    {
        Command("domctl unpausedomain", DomctlCommands.UnpauseDomain, domid);
        LateUnmapping.Begin(domid);
    }

    /// <summary>Ends a domain and frees its memory. Xen does it in parts and asks to be called again between them.</summary>
    public void Destroy(int domid, CancellationToken cancel)
    {
        // Its frames are free when nobody has them mapped.
        LateUnmapping.Begin(domid);
        for (var attempt = 0; ; attempt++)
        {
            cancel.ThrowIfCancellationRequested();
            try
            {
                Command("domctl destroydomain", DomctlCommands.DestroyDomain, domid);
                return;
            }
            catch (HypervisorError error) when (error.Errno == LibC.EAGAIN && attempt < DestroyAttempts)
            {
                Thread.Yield();
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            arena.Dispose();
            privcmd.Dispose();
        }
    }

    internal static XenDomain Describe(in DomainInfoLayout info)
    {
        Guid handle;
        // SAFETY: the fixed buffer of 16 bytes lies inside the structure, which cannot move while it is pinned.
        fixed (byte* bytes = info.Handle)
        {
            handle = new Guid(new ReadOnlySpan<byte>(bytes, 16), bigEndian: true);
        }

        return new XenDomain(
            info.Domain,
            handle,
            (info.Flags & DomainInfoLayout.Paused) != 0,
            (info.Flags & DomainInfoLayout.Dying) != 0,
            (info.Flags & DomainInfoLayout.Shutdown) != 0 ? (int)(info.Flags >> DomainInfoLayout.ShutdownCodeShift & 0xff) : null,
            (long)info.TotalPages * PageSize,
            (long)info.MaxPages * PageSize,
            (int)info.OnlineVcpus,
            TimeSpan.FromMicroseconds(info.CpuTime / 1000.0));
    }

    private void Command(string name, uint command, int domid)
    {
        lock (gate)
        {
            DomctlCall(name, command, domid, versions.Domctl);
        }
    }

    private string Capabilities()
    {
        const int size = 1024;
        var text = arena.Bytes(0, size);
        // SAFETY: the arena has that many bytes there; Xen writes at most so many and ends them with a NUL.
        new Span<byte>(text, size).Clear();
        privcmd.Call("xen_version capabilities", HypercallNumbers.XenVersion, VersionCommands.Capabilities, (ulong)text);
        return Encoding.ASCII.GetString(new ReadOnlySpan<byte>(text, size).TrimEnd((byte)0)).Trim();
    }

    // SAFETY of both: the structure lies in the arena, which lives as long as this object and is used under the gate only.
    private Domctl* DomctlCall(string name, uint command, int domid, uint version)
    {
        var call = arena.Zeroed<Domctl>();
        call->Command = command;
        call->InterfaceVersion = version;
        call->Domain = (ushort)domid;
        privcmd.Call(name, HypercallNumbers.Domctl, (ulong)call);
        return call;
    }

    private Sysctl* SysctlCall(string name, uint command, uint version)
    {
        var call = arena.Zeroed<Sysctl>();
        call->Command = command;
        call->InterfaceVersion = version;
        privcmd.Call(name, HypercallNumbers.Sysctl, (ulong)call);
        return call;
    }
}
