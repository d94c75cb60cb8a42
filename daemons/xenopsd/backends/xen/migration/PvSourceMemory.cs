using System.Runtime.InteropServices;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Interop.Xen.Memory;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>
/// The memory of a PV domain, read once the guest is suspended: Debian's Xen has no log-dirty mode for such guests. Frames are
/// sent from where they are, page tables from copies in which pfns stand for machine frames.
/// </summary>
internal sealed unsafe class PvSourceMemory : IGuestMemory, IDisposable
{
    private readonly XenGuest guest;
    private readonly ulong[] wantedPfns = new ulong[XenGuest.MaxFrames];
    private readonly ulong[] wantedFrames = new ulong[XenGuest.MaxFrames];
    private readonly byte[] wantedTypes = new byte[XenGuest.MaxFrames];
    private readonly int[] places = new int[XenGuest.MaxFrames];
    private readonly Func<ulong, ulong> toPfn;
    private byte* copies;
    private MachineTable? machine;
    private PvFrameTable? table;

    public PvSourceMemory(XenGuest guest)
    {
        this.guest = guest;
        using (var shared = guest.Map([guest.Facts().SharedInfoFrame], writable: false))
        {
            PageCount = new PvSharedInfo(shared.Bytes).FrameCount;
        }

        if (PageCount <= 0 || PageCount > guest.Facts().MaxPages * 64)
        {
            throw new HypervisorError($"shared page of domain {guest.Domid}: {PageCount} frames", LibC.EINVAL);
        }

        toPfn = frame => Table.RequirePfn(frame, "page table");
        Window = guest.OpenWindow(PageCount, writable: false);
        copies = (byte*)NativeMemory.Alloc((nuint)XenGuest.MaxFrames * StreamLimits.PageSize);
    }

    public long PageCount { get; }

    public bool FreshFramesAreZero => false;

    public bool HasHoles => true;

    public int LeastZeroRun => XenState.LeastZeroRun;

    public bool CanLogDirty => false;

    public ForeignWindow Window { get; }

    /// <summary>The guest's table of frames, known from <see cref="Load"/> on.</summary>
    public PvFrameTable Table => table ?? throw new InvalidOperationException("the guest is not suspended");

    /// <summary>Called while the guest runs: maps the frames that its table says it has. What that was worth is seen once it stands still.</summary>
    public void Premap()
    {
        machine = guest.MapMachineTable();
        try
        {
            table = ReadTable();
        }
        catch (HypervisorError)
        {
            // The guest was changing it: it is read when it cannot any more.
            return;
        }

        for (var pfn = 0UL; pfn < (ulong)PageCount;)
        {
            var count = 0;
            for (; pfn < (ulong)PageCount && count < wantedPfns.Length; pfn++)
            {
                if (table.Machine(pfn) is var frame and not PvFrameTable.None)
                {
                    (wantedPfns[count], wantedFrames[count++]) = (pfn, frame);
                }
            }

            Window.Fill(wantedPfns.AsSpan(0, count), wantedFrames.AsSpan(0, count));
        }
    }

    /// <summary>Called with the guest suspended, when its table stands still.</summary>
    public void Load()
    {
        var former = table;
        table = ReadTable();
        if (former is null || !table.SameFrames(former))
        {
            Window.Clear();
        }
    }

    public byte* Frames(long gfn, long count) => Window.Slot(gfn);

    public (long Start, long End) NextPopulated(long gfn)
    {
        while (gfn < PageCount && Table.Machine((ulong)gfn) == PvFrameTable.None)
        {
            gfn++;
        }

        var end = gfn;
        while (end < PageCount && Table.Machine((ulong)end) != PvFrameTable.None)
        {
            end++;
        }

        return (gfn, end);
    }

    public bool Prepare(long gfn, long count) => false;

    public void Fetch(ReadOnlySpan<ulong> gfns, Span<byte> types, byte** frames)
    {
        var count = Query(gfns);
        var data = 0;
        for (var i = 0; i < gfns.Length; i++)
        {
            types[i] = StreamFormat.PageXtab;
            frames[i] = null;
        }

        for (var i = 0; i < count; i++)
        {
            var place = places[i];
            types[place] = wantedTypes[i];
            if (wantedTypes[i] == StreamFormat.PageNoTab || StreamFormat.TableLevel(wantedTypes[i]) > 0)
            {
                (wantedPfns[data], wantedFrames[data], places[data++]) = (gfns[place], wantedFrames[i], place);
            }
        }

        if (!Window.Fill(wantedPfns.AsSpan(0, data), wantedFrames.AsSpan(0, data)))
        {
            throw new HypervisorError($"map memory of domain {guest.Domid}", LibC.EFAULT);
        }

        var copy = copies;
        for (var i = 0; i < data; i++)
        {
            var frame = Window.Slot((long)wantedPfns[i]);
            if (StreamFormat.TableLevel(types[places[i]]) is var level and > 0)
            {
                // SAFETY: a frame and a copy have 512 entries each, and there are as many copies as a batch has frames.
                PvTables.Translate(new ReadOnlySpan<ulong>(frame, 512), new Span<ulong>(copy, 512), level, toPfn);
                frame = copy;
                copy += StreamLimits.PageSize;
            }

            frames[places[i]] = frame;
        }
    }

    public void EnableLogDirty() => throw new NotSupportedException();

    public long CleanLogDirty(Span<ulong> bitmap) => throw new NotSupportedException();

    public void DisableLogDirty() => throw new NotSupportedException();

    public void Dispose()
    {
        machine?.Dispose();
        Window.DisposeLater();
        // SAFETY: allocated by this object, and forgotten at once.
        NativeMemory.Free(copies);
        copies = null;
    }

    private PvFrameTable ReadTable()
    {
        using var shared = guest.Map([guest.Facts().SharedInfoFrame], writable: false);
        return PvFrameTable.Read(guest, machine!, shared.Bytes, PageCount);
    }

    /// <summary>Asks for the types of the frames that are there; returns how many, their places in the batch in <see cref="places"/>.</summary>
    private int Query(ReadOnlySpan<ulong> gfns)
    {
        var count = 0;
        for (var i = 0; i < gfns.Length; i++)
        {
            if (Table.Machine(gfns[i]) is var frame and not PvFrameTable.None)
            {
                wantedFrames[count] = frame;
                places[count++] = i;
            }
        }

        if (count > 0)
        {
            guest.PageTypes(wantedFrames.AsSpan(0, count), wantedTypes);
        }

        return count;
    }
}
