using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Interop.Xen.Memory;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>
/// The memory of a running HVM or PVH domain: types are asked for batch by batch, frames are mapped when they are first sent and
/// stay so over all passes. A guest whose number of frames changes meanwhile (ballooning) may have other frames behind the same
/// gfns: its last pass starts afresh.
/// </summary>
internal sealed unsafe class HvmSourceMemory : IGuestMemory, IDisposable
{
    /// <summary>Where domain builders put what is not RAM, far above it: ACPI tables first, the pages of the rings last.</summary>
    private const long FirstSpecial = 0xfc000;
    private const long LastSpecial = 0xfefff;

    private readonly XenGuest guest;
    private readonly FrameSet populated;
    private readonly ulong[] wanted = new ulong[XenGuest.MaxFrames];
    private readonly byte[] types = new byte[XenGuest.MaxFrames];
    private long totalPages;
    private bool scanned;
    private bool afresh;

    public HvmSourceMemory(XenGuest guest)
    {
        this.guest = guest;
        PageCount = guest.FrameCount();
        populated = new FrameSet(PageCount);
        Window = guest.OpenWindow(PageCount, writable: false);
    }

    public long PageCount { get; }

    public bool FreshFramesAreZero => false;

    public bool HasHoles => true;

    public int LeastZeroRun => XenState.LeastZeroRun;

    /// <summary>The guest is suspended: what cannot be read now is lost.</summary>
    public bool Suspended { get; private set; }

    public ForeignWindow Window { get; }

    public byte* Frames(long gfn, long count) => Window.Slot(gfn);

    public (long Start, long End) NextPopulated(long gfn)
    {
        FindFrames();
        return populated.NextRun(gfn);
    }

    /// <summary>Finds out which frames there are, if that is not known yet: it takes a while, so it is done while the guest runs.</summary>
    public void FindFrames()
    {
        if (!scanned)
        {
            totalPages = guest.Facts().TotalPages;
            Scan();
        }
    }

    /// <summary>The guest stands still from now on. If it got or gave frames since they were looked for, what is known of them is void.</summary>
    public void EnterSuspended()
    {
        Suspended = true;
        if (guest.Facts().TotalPages != totalPages)
        {
            Window.Clear();
            Scan();
            afresh = true;
        }
    }

    public bool Prepare(long gfn, long count) => false;

    public void Fetch(ReadOnlySpan<ulong> gfns, Span<byte> types, byte** frames)
    {
        guest.PageTypes(gfns, types);
        var count = 0;
        for (var i = 0; i < gfns.Length; i++)
        {
            if (types[i] == StreamFormat.PageNoTab)
            {
                wanted[count++] = gfns[i];
            }
        }

        var all = Window.Fill(wanted.AsSpan(0, count), wanted.AsSpan(0, count));
        if (!all && Suspended)
        {
            throw new HypervisorError($"map memory of domain {guest.Domid}", LibC.EFAULT);
        }

        for (var i = 0; i < gfns.Length; i++)
        {
            // A frame that went between the two calls was given back by the guest: it is a hole by now.
            var there = types[i] == StreamFormat.PageNoTab && (all || Window.IsFilled((long)gfns[i]));
            frames[i] = there ? Window.Slot((long)gfns[i]) : null;
        }
    }

    public void EnableLogDirty() => guest.EnableLogDirty();

    public long CleanLogDirty(Span<ulong> bitmap)
    {
        var dirty = guest.CleanLogDirty(bitmap, PageCount, Suspended);
        if (!afresh)
        {
            return dirty;
        }

        populated.CopyTo(bitmap);
        return populated.Count;
    }

    public void DisableLogDirty() => guest.DisableLogDirty();

    public void Dispose() => Window.DisposeLater();

    /// <summary>Finds the frames the guest has. Between its RAM and the special frames lie up to a million holes, so the search ends
    /// when as many have been found as Xen says there are, if that number stood still meanwhile.</summary>
    private void Scan()
    {
        var total = guest.Facts().TotalPages;
        Scan(total);
        if (guest.Facts().TotalPages != total)
        {
            Scan(long.MaxValue);
        }

        scanned = true;
    }

    private void Scan(long enough)
    {
        populated.Clear();
        for (var gfn = FirstSpecial; gfn <= LastSpecial; gfn += XenGuest.MaxFrames)
        {
            ScanPart(gfn);
        }

        for (var gfn = 0L; gfn < PageCount && populated.Count < enough; gfn += XenGuest.MaxFrames)
        {
            if (gfn is < FirstSpecial or > LastSpecial)
            {
                ScanPart(gfn);
            }
        }
    }

    private void ScanPart(long first)
    {
        var count = (int)Math.Min(XenGuest.MaxFrames, PageCount - first);
        if (count <= 0)
        {
            return;
        }

        for (var i = 0; i < count; i++)
        {
            wanted[i] = (ulong)(first + i);
        }

        guest.PageTypes(wanted.AsSpan(0, count), types);
        for (var i = 0; i < count; i++)
        {
            if (types[i] != StreamFormat.PageXtab)
            {
                populated.Add(first + i);
            }
        }
    }
}
