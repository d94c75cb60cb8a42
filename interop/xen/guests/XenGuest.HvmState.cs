using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Hypercalls;

namespace Toolstack.Interop.Xen.Guests;

/// <summary>State of an HVM or PVH domain.</summary>
public sealed unsafe partial class XenGuest
{
    /// <summary>The whole context, as framed records.</summary>
    public byte[] GetHvmContext()
    {
        const string operation = "domctl gethvmcontext";
        ref var call = ref Begin<HvmContextOp>(HvmContextOp.Get);
        Domctl(operation);
        var size = checked((int)call.Size);
        var place = Buffer(size);
        call = ref Begin<HvmContextOp>(HvmContextOp.Get);
        call.Size = (uint)size;
        call.Buffer = (ulong)place;
        Domctl(operation);
        // SAFETY: Xen wrote call.Size bytes, at most what the buffer has.
        return new ReadOnlySpan<byte>(place, (int)Math.Min(call.Size, (uint)size)).ToArray();
    }

    /// <summary>Sets the whole context; every vCPU it does not mention is down afterwards.</summary>
    public void SetHvmContext(ReadOnlySpan<byte> context)
    {
        var place = Buffer(context.Length);
        // SAFETY: the buffer has that many bytes.
        context.CopyTo(new Span<byte>(place, context.Length));
        ref var call = ref Begin<HvmContextOp>(HvmContextOp.Set);
        call.Size = (uint)context.Length;
        call.Buffer = (ulong)place;
        Domctl("domctl sethvmcontext");
    }

    public ulong GetHvmParam(uint index)
    {
        var call = HvmParam(index, 0);
        privcmd.Call($"hvm_op get_param {index}", HypercallNumbers.HvmOp, HvmParamOp.Get, (ulong)call);
        return call->Value;
    }

    public void SetHvmParam(uint index, ulong value) =>
        privcmd.Call($"hvm_op set_param {index}", HypercallNumbers.HvmOp, HvmParamOp.Set, (ulong)HvmParam(index, value));

    private HvmParamOp* HvmParam(uint index, ulong value)
    {
        var call = calls.Zeroed<HvmParamOp>();
        call->Domain = (ushort)Domid;
        call->Index = index;
        call->Value = value;
        return call;
    }
}
