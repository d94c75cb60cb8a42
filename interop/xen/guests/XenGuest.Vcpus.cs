using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Hypercalls;

namespace Toolstack.Interop.Xen.Guests;

/// <summary>The vCPUs of a PV domain, and its page tables.</summary>
public sealed unsafe partial class XenGuest
{
    /// <summary>Bytes of the registers of a vCPU.</summary>
    public const int VcpuContextBytes = 5168;

    /// <summary>Most bytes of the extended context.</summary>
    public const int MaxExtendedBytes = 128;

    /// <summary>Width of the guest in bits.</summary>
    public int AddressSize()
    {
        ref var call = ref Begin<AddressSizeOp>(AddressSizeOp.Get);
        Domctl("domctl get_address_size");
        return (int)call.Bits;
    }

    public bool IsVcpuOnline(int vcpu)
    {
        ref var call = ref Begin<VcpuInfoOp>(VcpuInfoOp.Command);
        call.Vcpu = (uint)vcpu;
        Domctl("domctl getvcpuinfo");
        return call.Online != 0;
    }

    public byte[] GetVcpuContext(int vcpu)
    {
        var place = Buffer(VcpuContextBytes);
        ref var call = ref Begin<VcpuContextOp>(VcpuContextOp.Get);
        call.Vcpu = (uint)vcpu;
        call.Context = (ulong)place;
        Domctl("domctl getvcpucontext");
        // SAFETY: the buffer has that many bytes, which Xen filled.
        return new ReadOnlySpan<byte>(place, VcpuContextBytes).ToArray();
    }

    public void SetVcpuContext(int vcpu, ReadOnlySpan<byte> context)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(context.Length, VcpuContextBytes, nameof(context));
        var place = Buffer(VcpuContextBytes);
        // SAFETY: as in GetVcpuContext.
        context.CopyTo(new Span<byte>(place, VcpuContextBytes));
        ref var call = ref Begin<VcpuContextOp>(VcpuContextOp.Set);
        call.Vcpu = (uint)vcpu;
        call.Context = (ulong)place;
        Domctl("domctl setvcpucontext");
    }

    /// <summary>Callbacks and such, as Xen lays them out.</summary>
    public byte[] GetVcpuExtended(int vcpu)
    {
        ref var call = ref Begin<VcpuExtendedOp>(VcpuExtendedOp.Get);
        call.Vcpu = (uint)vcpu;
        Domctl("domctl get_ext_vcpucontext");
        var size = (int)Math.Min(call.Size, MaxExtendedBytes);
        // SAFETY: the union behind the table has 128 bytes.
        return new ReadOnlySpan<byte>(System.Runtime.CompilerServices.Unsafe.AsPointer(ref call), size).ToArray();
    }

    public void SetVcpuExtended(int vcpu, ReadOnlySpan<byte> state)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(state.Length, MaxExtendedBytes, nameof(state));
        ref var call = ref Begin<VcpuExtendedOp>(VcpuExtendedOp.Set);
        // SAFETY: as in GetVcpuExtended.
        state.CopyTo(new Span<byte>(System.Runtime.CompilerServices.Unsafe.AsPointer(ref call), MaxExtendedBytes));
        call.Vcpu = (uint)vcpu;
        Domctl("domctl set_ext_vcpucontext");
    }

    /// <summary>The xsave area with its two masks in front; empty on a CPU without it.</summary>
    public byte[] GetVcpuExtendedState(int vcpu)
    {
        const string operation = "domctl getvcpuextstate";
        ref var call = ref Begin<VcpuExtendedStateOp>(VcpuExtendedStateOp.Get);
        call.Vcpu = (uint)vcpu;
        Domctl(operation);
        var (mask, size) = (call.FeatureMask, checked((int)call.Size));
        if (size == 0)
        {
            return [];
        }

        var place = Buffer(size);
        call = ref Begin<VcpuExtendedStateOp>(VcpuExtendedStateOp.Get);
        call.Vcpu = (uint)vcpu;
        call.FeatureMask = mask;
        call.Size = (ulong)size;
        call.Buffer = (ulong)place;
        Domctl(operation);
        // SAFETY: Xen wrote call.Size bytes, at most what the buffer has.
        return new ReadOnlySpan<byte>(place, (int)Math.Min(call.Size, (ulong)size)).ToArray();
    }

    public void SetVcpuExtendedState(int vcpu, ReadOnlySpan<byte> state)
    {
        var place = Buffer(state.Length);
        // SAFETY: the buffer has room.
        state.CopyTo(new Span<byte>(place, state.Length));
        ref var call = ref Begin<VcpuExtendedStateOp>(VcpuExtendedStateOp.Set);
        call.Vcpu = (uint)vcpu;
        call.Size = (ulong)state.Length;
        call.Buffer = (ulong)place;
        Domctl("domctl setvcpuextstate");
    }

    /// <summary>Model-specific registers, 16 bytes each.</summary>
    public byte[] GetVcpuMsrs(int vcpu)
    {
        const string operation = "domctl get_vcpu_msrs";
        ref var call = ref Begin<VcpuMsrsOp>(VcpuMsrsOp.Get);
        call.Vcpu = (uint)vcpu;
        Domctl(operation);
        var count = call.Count;
        if (count == 0)
        {
            return [];
        }

        var place = Buffer(checked((int)count * MsrBytes));
        call = ref Begin<VcpuMsrsOp>(VcpuMsrsOp.Get);
        call.Vcpu = (uint)vcpu;
        call.Count = count;
        call.Buffer = (ulong)place;
        Domctl(operation);
        // SAFETY: Xen wrote call.Count entries, at most what the buffer has.
        return new ReadOnlySpan<byte>(place, (int)Math.Min(call.Count, count) * MsrBytes).ToArray();
    }

    public void SetVcpuMsrs(int vcpu, ReadOnlySpan<byte> msrs)
    {
        var place = Buffer(msrs.Length);
        // SAFETY: the buffer has room.
        msrs.CopyTo(new Span<byte>(place, msrs.Length));
        ref var call = ref Begin<VcpuMsrsOp>(VcpuMsrsOp.Set);
        call.Vcpu = (uint)vcpu;
        call.Count = (uint)(msrs.Length / MsrBytes);
        call.Buffer = (ulong)place;
        Domctl("domctl set_vcpu_msrs");
    }

    /// <summary>Makes Xen check page tables and hold them for the guest: machine frames and levels 1 to 4, at most
    /// <see cref="MaxFrames"/>. None of them may be mapped writable anywhere.</summary>
    public void PinTables(ReadOnlySpan<(ulong Frame, int Level)> tables)
    {
        var list = (MmuExtOp*)Buffer(tables.Length * sizeof(MmuExtOp));
        for (var i = 0; i < tables.Length; i++)
        {
            list[i] = new MmuExtOp { Command = MmuExtOp.PinL1 + (uint)tables[i].Level - 1, Frame = tables[i].Frame };
        }

        privcmd.Call("mmuext_op pin", HypercallNumbers.MmuExtOp, (ulong)list, (ulong)tables.Length, 0, (ulong)Domid);
    }
}
