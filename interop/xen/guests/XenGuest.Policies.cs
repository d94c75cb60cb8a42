using System.Globalization;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Hypercalls;
using Toolstack.Interop.Xen.Memory;

namespace Toolstack.Interop.Xen.Guests;

/// <summary>The time stamp counter as a guest sees it.</summary>
public readonly record struct GuestTsc(uint Mode, uint Khz, ulong Nanoseconds, uint Incarnation);

/// <summary>What a domain is told of its CPU, its clock and its rings to the toolstack.</summary>
public sealed unsafe partial class XenGuest
{
    private const int LeafBytes = 24;
    private const int MsrBytes = 16;

    public GuestTsc GetTsc()
    {
        ref var call = ref Begin<TscInfoOp>(TscInfoOp.Get);
        Domctl("domctl gettscinfo");
        return new GuestTsc(call.Mode, call.Khz, call.ElapsedNanoseconds, call.Incarnation);
    }

    public void SetTsc(GuestTsc tsc)
    {
        ref var call = ref Begin<TscInfoOp>(TscInfoOp.Set);
        call.Mode = tsc.Mode;
        call.Khz = tsc.Khz;
        call.Incarnation = tsc.Incarnation;
        call.ElapsedNanoseconds = tsc.Nanoseconds;
        Domctl("domctl settscinfo");
    }

    /// <summary>CPUID leaves of 24 bytes and MSRs of 16.</summary>
    public (byte[] Leaves, byte[] Msrs) GetCpuPolicy()
    {
        var sizes = calls.Zeroed<Sysctl>();
        sizes->Command = SystemCpuPolicyOp.Command;
        sizes->InterfaceVersion = versions.Sysctl;
        // SAFETY: the union of a sysctl has room for this member.
        ref var most = ref *(SystemCpuPolicyOp*)&sizes->PhysInfo;
        most.Index = SystemCpuPolicyOp.Host;
        privcmd.Call("sysctl cpu_policy", HypercallNumbers.Sysctl, (ulong)sizes);
        var (leaves, msrs) = (most.LeafCount, most.MsrCount);

        var leafBytes = checked((int)leaves * LeafBytes);
        var place = Buffer(checked(leafBytes + ((int)msrs * MsrBytes)));
        ref var call = ref Begin<CpuPolicyOp>(CpuPolicyOp.Get);
        call.LeafCount = leaves;
        call.MsrCount = msrs;
        call.Leaves = (ulong)place;
        call.Msrs = (ulong)(place + leafBytes);
        Domctl("domctl get_cpu_policy");
        // SAFETY: Xen wrote at most the counts it was given, which the buffer has room for.
        return (new ReadOnlySpan<byte>(place, (int)Math.Min(call.LeafCount, leaves) * LeafBytes).ToArray(),
            new ReadOnlySpan<byte>(place + leafBytes, (int)Math.Min(call.MsrCount, msrs) * MsrBytes).ToArray());
    }

    /// <summary>Sets the policy of a domain that has not run; the error names the leaf or MSR that this host cannot give.</summary>
    public void SetCpuPolicy(ReadOnlySpan<byte> leaves, ReadOnlySpan<byte> msrs)
    {
        var place = Buffer(leaves.Length + msrs.Length);
        // SAFETY: the buffer has room for both.
        leaves.CopyTo(new Span<byte>(place, leaves.Length));
        msrs.CopyTo(new Span<byte>(place + leaves.Length, msrs.Length));
        ref var call = ref Begin<CpuPolicyOp>(CpuPolicyOp.Set);
        call.LeafCount = (uint)(leaves.Length / LeafBytes);
        call.MsrCount = (uint)(msrs.Length / MsrBytes);
        call.Leaves = (ulong)place;
        call.Msrs = (ulong)(place + leaves.Length);
        try
        {
            Domctl("domctl set_cpu_policy");
        }
        catch (HypervisorError error) when (call.ErrorLeaf != uint.MaxValue || call.ErrorMsr != uint.MaxValue)
        {
            var what = string.Create(
                CultureInfo.InvariantCulture, $"{error.Operation} (leaf 0x{call.ErrorLeaf:x}.0x{call.ErrorSubleaf:x}, msr 0x{call.ErrorMsr:x})");
            throw new HypervisorError(what, error.Errno);
        }
    }

    /// <summary>Lets the backends of a new domain reach its console and its store without asking the guest: frames as the domain's
    /// grants name them (mfn of a PV guest, gfn of any other), domids of who may map them.</summary>
    public void SeedGrants(ulong consoleFrame, int consoleDomid, ulong storeFrame, int storeDomid)
    {
        using var table = ForeignMapping.MapGrantTable(privcmd, Domid);
        // SAFETY: the mapping is one frame, which has 512 entries.
        Seed(table.As<GrantEntry>() + GrantEntry.Console, consoleFrame, consoleDomid);
        Seed(table.As<GrantEntry>() + GrantEntry.Xenstore, storeFrame, storeDomid);
    }

    /// <summary>The flags last: until they are there the entry is not in force.</summary>
    private static void Seed(GrantEntry* entry, ulong frame, int domid)
    {
        entry->Frame = checked((uint)frame);
        entry->Domain = (ushort)domid;
        Volatile.Write(ref entry->Flags, GrantEntry.PermitAccess);
    }
}
