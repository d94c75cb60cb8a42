using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Hypercalls;
using Toolstack.Interop.Xen.Memory;

namespace Toolstack.Interop.Xen.Guests;

/// <summary>What decides how a domain is read and filled; memory in frames.</summary>
public readonly record struct GuestFacts(
    bool Hvm, bool Shutdown, int ShutdownCode, long TotalPages, long MaxPages, ulong SharedInfoFrame, int MaxVcpuId);

/// <summary>
/// One domain with everything a copy of it reads or sets: memory, log-dirty mode, vCPUs, contexts and policies. It has a connection
/// to Xen and hypercall memory of its own, so that a copy and the rest of the toolstack do not wait for each other. For one thread.
/// Raises <see cref="HypervisorError"/> with the operation's name and Xen's errno.
/// </summary>
public sealed unsafe partial class XenGuest : IDisposable
{
    private const int PageSize = ForeignMapping.FrameBytes;
    private const int CallPages = 1;

    private readonly Privcmd privcmd;
    private readonly HypercallArena calls;
    private readonly InterfaceVersions versions;
    private HypercallArena buffer;
    private int bufferBytes;

    private XenGuest(int domid, Privcmd privcmd, HypercallArena calls, HypercallArena buffer, int bufferBytes)
    {
        Domid = domid;
        this.privcmd = privcmd;
        this.calls = calls;
        this.buffer = buffer;
        this.bufferBytes = bufferBytes;
        versions = InterfaceVersions.Probe(TrySysctl, TryDomctl);
    }

    public int Domid { get; }

    /// <summary>Opens a domain; ESRCH when there is none of that domid.</summary>
    public static XenGuest Open(int domid)
    {
        const int bufferPages = 4;
        var privcmd = Privcmd.Open();
        HypercallArena? calls = null;
        HypercallArena? buffer = null;
        try
        {
            calls = HypercallArena.Create(CallPages);
            buffer = HypercallArena.Create(bufferPages);
            XenGuest guest = new(domid, privcmd, calls, buffer, bufferPages * PageSize);
            _ = guest.Facts();
            return guest;
        }
        catch
        {
            buffer?.Dispose();
            calls?.Dispose();
            privcmd.Dispose();
            throw;
        }
    }

    public GuestFacts Facts()
    {
        const string operation = "domctl getdomaininfo";
        ref var info = ref Begin<DomainInfoLayout>(DomctlCommands.GetDomainInfo);
        Domctl(operation);

        // Older Xens answer with the next domain up instead of an error.
        return info.Domain != Domid
            ? throw new HypervisorError(operation, LibC.ESRCH)
            : new GuestFacts(
                (info.Flags & DomainInfoLayout.Hvm) != 0,
                (info.Flags & DomainInfoLayout.Shutdown) != 0,
                (int)(info.Flags >> DomainInfoLayout.ShutdownCodeShift & 0xff),
                (long)info.TotalPages,
                (long)info.MaxPages,
                info.SharedInfoFrame,
                (int)info.MaxVcpuId);
    }

    /// <summary>A window on the domain's memory of that many pfns.</summary>
    public ForeignWindow OpenWindow(long slots, bool writable) => new(privcmd, Domid, slots, writable);

    /// <summary>Frames of the domain, all of them or an error.</summary>
    public ForeignMapping Map(ReadOnlySpan<ulong> frames, bool writable) => ForeignMapping.Map(privcmd, Domid, frames, writable);

    public void Dispose()
    {
        buffer.Dispose();
        calls.Dispose();
        privcmd.Dispose();
    }

    /// <summary>The zeroed argument of a domctl, to be filled in; <see cref="Domctl"/> makes the call and leaves the answer in it.</summary>
    /// <remarks>SAFETY of the reference: it points into hypercall memory that lives as long as this object; the union of the
    /// structure has room for every table that is used with it.</remarks>
    private ref T Begin<T>(uint command)
        where T : unmanaged
    {
        var call = calls.Zeroed<Domctl>();
        call->Command = command;
        call->InterfaceVersion = versions.Domctl;
        call->Domain = (ushort)Domid;
        return ref *(T*)&call->Info;
    }

    private void Domctl(string operation) => privcmd.Call(operation, HypercallNumbers.Domctl, (ulong)calls.Bytes(0, sizeof(Domctl)));

    /// <summary>Hypercall memory for what a call's handles point at, its former contents lost; valid until the next call of this.</summary>
    private byte* Buffer(int bytes)
    {
        if (bytes > bufferBytes)
        {
            var pages = (bytes + PageSize - 1) / PageSize;
            var larger = HypercallArena.Create(pages);
            buffer.Dispose();
            buffer = larger;
            bufferBytes = pages * PageSize;
        }

        return buffer.Bytes(0, bytes);
    }

    private void TrySysctl(uint version)
    {
        var call = calls.Zeroed<Sysctl>();
        call->Command = SysctlCommands.PhysInfo;
        call->InterfaceVersion = version;
        privcmd.Call("sysctl physinfo", HypercallNumbers.Sysctl, (ulong)call);
    }

    private void TryDomctl(uint version)
    {
        var call = calls.Zeroed<Domctl>();
        call->Command = DomctlCommands.GetDomainInfo;
        call->InterfaceVersion = version;
        privcmd.Call("domctl getdomaininfo", HypercallNumbers.Domctl, (ulong)call);
    }
}
