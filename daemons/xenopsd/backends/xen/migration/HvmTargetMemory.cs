using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Interop.Xen.Memory;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>The memory of an HVM or PVH domain that is being filled: frames are given to it as the stream names them, 2 MiB at a time
/// where it names that many, and what comes goes straight into them.</summary>
internal sealed unsafe class HvmTargetMemory : IGuestMemory, IDisposable
{
    private const int LargeFrames = 512;

    /// <summary>A guest's RAM leaves room for devices below 4 GiB, so its gfns go over its frames by that much at most.</summary>
    private const long HoleFrames = (4L << 30) / StreamLimits.PageSize;

    private readonly XenGuest guest;
    private readonly FrameSet populated;
    private readonly ulong[] wanted = new ulong[XenGuest.MaxFrames];

    public HvmTargetMemory(XenGuest guest)
    {
        this.guest = guest;
        ExpectedFrames = guest.Facts().MaxPages;
        PageCount = ExpectedFrames + HoleFrames;
        populated = new FrameSet(PageCount);
        Window = guest.OpenWindow(PageCount, writable: true);
    }

    public long PageCount { get; }

    public long ExpectedFrames { get; }

    public bool FreshFramesAreZero => false;

    public bool HasHoles => true;

    public ForeignWindow Window { get; }

    public byte* Frames(long gfn, long count) => Window.Slot(gfn);

    /// <summary>A frame that came with the stream, or null for one that did not.</summary>
    public byte* Find(ulong gfn) => gfn < (ulong)PageCount && populated.Has((long)gfn) ? Window.Slot((long)gfn) : null;

    public (long Start, long End) NextPopulated(long gfn) => populated.NextRun(gfn);

    public bool Prepare(long gfn, long count) => false;

    public void Populate(ReadOnlySpan<ulong> entries)
    {
        while (!entries.IsEmpty)
        {
            var part = entries[..Math.Min(entries.Length, wanted.Length)];
            var count = 0;
            foreach (var entry in part)
            {
                if ((int)(entry >> StreamFormat.PageTypeShift) is not (StreamFormat.PageXtab or StreamFormat.PageBroken)
                    && !populated.Has((long)(entry & StreamFormat.PfnMask)))
                {
                    wanted[count++] = entry & StreamFormat.PfnMask;
                }
            }

            Give(wanted.AsSpan(0, count));
            entries = entries[part.Length..];
        }
    }

    public void EnableLogDirty() => throw new NotSupportedException();

    public long CleanLogDirty(Span<ulong> bitmap) => throw new NotSupportedException();

    public void DisableLogDirty() => throw new NotSupportedException();

    public void Dispose() => Window.DisposeLater();

    private void Give(Span<ulong> gfns)
    {
        var single = 0;
        var next = 0;
        Span<ulong> singles = stackalloc ulong[XenGuest.MaxFrames];
        while (next < gfns.Length)
        {
            if (gfns[next] % LargeFrames == 0 && next + LargeFrames <= gfns.Length && gfns[next + LargeFrames - 1] == gfns[next] + LargeFrames - 1
                && guest.TryPopulateLarge(gfns[next], out _))
            {
                next += LargeFrames;
            }
            else
            {
                singles[single++] = gfns[next++];
            }
        }

        if (single > 0)
        {
            guest.Populate(singles[..single], order: 0);
        }

        if (!Window.Fill(gfns, gfns))
        {
            throw new HypervisorError($"map memory of domain {guest.Domid}", LibC.EFAULT);
        }

        foreach (var gfn in gfns)
        {
            populated.Add((long)gfn);
        }
    }
}
