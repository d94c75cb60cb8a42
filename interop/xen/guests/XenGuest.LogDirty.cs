using System.Numerics;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;

namespace Toolstack.Interop.Xen.Guests;

/// <summary>Xen records which frames a domain writes.</summary>
public sealed unsafe partial class XenGuest
{
    /// <summary>Starts with a clean bitmap; when it was left on by somebody, it is ended first: false then.</summary>
    public bool EnableLogDirty()
    {
        try
        {
            Shadow(ShadowOp.EnableLogDirty);
            return true;
        }
        catch (HypervisorError error) when (error.Errno == LibC.EINVAL)
        {
            Shadow(ShadowOp.Off);
            Shadow(ShadowOp.EnableLogDirty);
            return false;
        }
    }

    public void DisableLogDirty() => Shadow(ShadowOp.Off);

    /// <summary>Copies the bitmap of the first <paramref name="frames"/> frames and clears it; returns how many bits are set.
    /// <paramref name="final"/>, of a domain that stands still, also counts what backends have mapped writable.</summary>
    public long CleanLogDirty(Span<ulong> bitmap, long frames, bool final)
    {
        const string operation = "domctl shadow_op clean";
        var words = (int)((frames + 63) / 64);
        // SAFETY: the buffer has that many words, and Xen writes at most so many bits.
        Span<ulong> copied = new(Buffer(words * sizeof(ulong)), words);
        copied.Clear();
        ref var call = ref Begin<ShadowOp>(ShadowOp.Command);
        call.Operation = ShadowOp.Clean;
        call.Mode = final ? ShadowOp.Final : 0;
        call.DirtyBitmap = (ulong)buffer.Bytes(0, words * sizeof(ulong));
        call.Pages = (ulong)frames;
        Domctl(operation);
        if (call.Pages != (ulong)frames)
        {
            // A bitmap that is not whole would lose writes.
            throw new HypervisorError(operation, LibC.EIO);
        }

        var count = 0L;
        for (var i = 0; i < words; i++)
        {
            bitmap[i] = copied[i];
            count += BitOperations.PopCount(copied[i]);
        }

        return count;
    }

    private void Shadow(uint operation)
    {
        ref var call = ref Begin<ShadowOp>(ShadowOp.Command);
        call.Operation = operation;
        Domctl(operation == ShadowOp.Off ? "domctl shadow_op off" : "domctl shadow_op enable_logdirty");
    }
}
