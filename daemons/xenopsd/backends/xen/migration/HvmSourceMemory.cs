using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Interop.Xen.Memory;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>
/// The memory of a running HVM or PVH domain: mapped as a whole before the first frame is sent, and kept over all passes. What can be
/// mapped is what there is: Xen is not asked for types. A guest whose number of frames changes meanwhile (ballooning) may have
/// other frames behind the same gfns: its last pass starts afresh.
/// </summary>
internal sealed unsafe class HvmSourceMemory : IGuestMemory, IDisposable
{
    private readonly XenGuest guest;
    private readonly FrameSet populated;
    private readonly ulong[] wanted = new ulong[XenGuest.MaxFrames];
    private readonly byte[] wantedTypes = new byte[XenGuest.MaxFrames];
    private readonly long maxPages;
    private long totalPages;
    private bool scanned;
    private bool moved;
    private bool afresh;
    private bool logging;

    public HvmSourceMemory(XenGuest guest)
    {
        this.guest = guest;
        PageCount = guest.FrameCount();
        maxPages = guest.Facts().MaxPages;
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

    /// <summary>Finds out which frames there are and maps them, if that is not done yet: it takes a while, so it is done while the guest runs.</summary>
    public void FindFrames()
    {
        if (!scanned)
        {
            scanned = true;
            totalPages = guest.Facts().TotalPages;
            Scan(totalPages);
        }
    }

    /// <summary>The guest stands still from now on. If it got or gave frames since they were looked for, what is known of them is void.</summary>
    public void EnterSuspended()
    {
        Suspended = true;
        afresh = FramesMoved();
        if (afresh)
        {
            LookAgain();
        }
    }

    public bool Prepare(long gfn, long count) => false;

    public void Fetch(ReadOnlySpan<ulong> gfns, Span<byte> types, byte** frames)
    {
        if (!Suspended)
        {
            FramesMoved();
        }

        if (!Window.Fill(gfns, gfns) && Suspended)
        {
            RequireHoles(gfns);
        }

        for (var i = 0; i < gfns.Length; i++)
        {
            var there = Window.IsFilled((long)gfns[i]);
            types[i] = (byte)(there ? StreamFormat.PageNoTab : StreamFormat.PageXtab);
            frames[i] = there ? Window.Slot((long)gfns[i]) : null;
        }
    }

    public void EnableLogDirty()
    {
        logging = true;
        guest.EnableLogDirty();
    }

    /// <summary>When the guest got or gave frames during the pass, all of it is dirty: it is looked at anew, while it runs.</summary>
    public long CleanLogDirty(Span<ulong> bitmap)
    {
        var dirty = guest.CleanLogDirty(bitmap, PageCount, Suspended);
        if (!Suspended && FramesMoved())
        {
            LookAgain();
        }
        else if (!afresh)
        {
            return dirty;
        }

        populated.CopyTo(bitmap);
        return populated.Count;
    }

    /// <summary>A domain that is gone records nothing any more.</summary>
    public void DisableLogDirty()
    {
        logging = false;
        try
        {
            guest.DisableLogDirty();
        }
        catch (HypervisorError error) when (error.Errno == LibC.ESRCH)
        {
            // Its end is what the copy failed with.
        }
    }

    public void Dispose()
    {
        if (logging)
        {
            DisableLogDirty();
        }

        Window.DisposeLater();
    }

    /// <summary>Whether the guest's number of frames was ever another since they were looked for.</summary>
    private bool FramesMoved() => moved |= guest.Facts().TotalPages != totalPages;

    private void LookAgain()
    {
        moved = false;
        totalPages = guest.Facts().TotalPages;
        Window.Clear();
        Scan(totalPages);
    }

    /// <summary>A frame of a guest that stands still can be mapped, or is not there. Raises HypervisorError.</summary>
    private void RequireHoles(ReadOnlySpan<ulong> gfns)
    {
        var missing = 0;
        foreach (var gfn in gfns)
        {
            if (!Window.IsFilled((long)gfn))
            {
                wanted[missing++] = gfn;
            }
        }

        guest.PageTypes(wanted.AsSpan(0, missing), wantedTypes);
        if (wantedTypes.AsSpan(0, missing).ContainsAnyExcept((byte)StreamFormat.PageXtab))
        {
            throw new HypervisorError($"map memory of domain {guest.Domid}", LibC.EFAULT);
        }
    }

    /// <summary>Goes over the parts of the guest's address space until as many frames have been found as Xen says there are: between its RAM
    /// and the special frames lie up to a million holes.</summary>
    private void Scan(long enough)
    {
        populated.Clear();
        foreach (var (first, end, mostlyThere) in GuestLayout.Parts(PageCount, maxPages))
        {
            for (var gfn = first; gfn < end && populated.Count < enough; gfn += XenGuest.MaxFrames)
            {
                var count = (int)Math.Min(XenGuest.MaxFrames, end - gfn);
                for (var i = 0; i < count; i++)
                {
                    wanted[i] = (ulong)(gfn + i);
                }

                ScanPart(wanted.AsSpan(0, count), mostlyThere);
            }
        }
    }

    private void ScanPart(Span<ulong> gfns, bool mostlyThere)
    {
        if (mostlyThere)
        {
            Window.Fill(gfns, gfns);
        }
        else
        {
            guest.PageTypes(gfns, wantedTypes);
        }

        for (var i = 0; i < gfns.Length; i++)
        {
            if (mostlyThere ? Window.IsFilled((long)gfns[i]) : wantedTypes[i] != StreamFormat.PageXtab)
            {
                populated.Add((long)gfns[i]);
            }
        }
    }
}
