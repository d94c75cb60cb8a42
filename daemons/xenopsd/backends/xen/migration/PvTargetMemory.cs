using System.Runtime.InteropServices;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Interop.Xen.Memory;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>
/// The memory of a PV domain that is being filled. Page tables come with pfns in them and stay so until everything is here; then
/// they are translated where they lie, and nothing may be mapped any more before Xen checks them.
/// </summary>
internal sealed unsafe class PvTargetMemory : IGuestMemory, IDisposable
{
    /// <summary>A guest may have been built to grow: its table can be larger than what it has now.</summary>
    private const long GrowthFrames = (16L << 30) / StreamLimits.PageSize;

    private const int LargeFrames = 512;

    private readonly XenGuest guest;
    private readonly ulong[] wanted = new ulong[XenGuest.MaxFrames];
    private readonly ulong[] given = new ulong[XenGuest.MaxFrames];
    private readonly Func<ulong, ulong> toMachine;
    private ulong[] table = [];
    private byte[] types = [];
    private ulong[] own = [];

    public PvTargetMemory(XenGuest guest)
    {
        this.guest = guest;
        ExpectedFrames = guest.Facts().MaxPages;
        PageCount = ExpectedFrames + GrowthFrames;
        Window = guest.OpenWindow(PageCount, writable: true);
        toMachine = pfn => Machine(pfn, "page table");
    }

    public long PageCount { get; }

    public long ExpectedFrames { get; }

    public bool FreshFramesAreZero => false;

    public bool HasHoles => true;

    public bool CanLogDirty => false;

    public ForeignWindow Window { get; }

    /// <summary>Entries of the guest's own table.</summary>
    public long TableLength => table.Length;

    public void SetTable(PvTable described)
    {
        table = new ulong[described.MaxPfn + 1];
        Array.Fill(table, PvFrameTable.None);
        types = new byte[table.Length];
        own = described.Frames;
    }

    public byte* Frames(long gfn, long count) => Window.Slot(gfn);

    public (long Start, long End) NextPopulated(long gfn) => throw new NotSupportedException();

    public bool Prepare(long gfn, long count) => false;

    public void Populate(ReadOnlySpan<ulong> entries)
    {
        while (!entries.IsEmpty)
        {
            var part = entries[..Math.Min(entries.Length, wanted.Length)];
            var count = 0;
            foreach (var entry in part)
            {
                var (pfn, type) = (entry & StreamFormat.PfnMask, (int)(entry >> StreamFormat.PageTypeShift));
                if (type is StreamFormat.PageXtab or StreamFormat.PageBroken)
                {
                    continue;
                }

                types[pfn] = type == StreamFormat.PageXalloc ? (byte)StreamFormat.PageNoTab : (byte)type;
                if (table[pfn] == PvFrameTable.None)
                {
                    wanted[count++] = pfn;
                }
            }

            Give(wanted.AsSpan(0, count));
            entries = entries[part.Length..];
        }
    }

    /// <summary>The machine frame of a pfn whose type has to be of that level (0: no page table). Raises StreamError.</summary>
    public ulong RequireMachine(ulong pfn, int level, string what)
    {
        var frame = Machine(pfn, what);
        return StreamFormat.TableLevel(types[pfn]) == level
            ? frame
            : throw new StreamError(StreamFault.BadPageType, $"{what}: pfn {pfn} of type {types[pfn]}");
    }

    /// <summary>A frame of the guest that is no page table, mapped. Raises StreamError.</summary>
    public Span<byte> Page(ulong pfn, string what)
    {
        RequireMachine(pfn, level: 0, what);
        // SAFETY: every frame that was given is mapped until the window is cleared, which ends the use of this object's frames.
        return new Span<byte>(Window.Slot((long)pfn), StreamLimits.PageSize);
    }

    /// <summary>Translates the page tables, and writes the guest's own table of its frames.</summary>
    public void Complete()
    {
        for (var pfn = 0; pfn < table.Length; pfn++)
        {
            if (table[pfn] != PvFrameTable.None && StreamFormat.TableLevel(types[pfn]) is var level and > 0)
            {
                // SAFETY: as in Page; a table is 512 entries.
                Span<ulong> entries = new(Window.Slot(pfn), 512);
                PvTables.Translate(entries, entries, level, toMachine);
            }
        }

        for (var i = 0; i < own.Length; i++)
        {
            var entries = MemoryMarshal.Cast<byte, ulong>(Page(own[i], "table of frames"));
            var rest = table.AsSpan(i * entries.Length);
            rest[..Math.Min(rest.Length, entries.Length)].CopyTo(entries);
        }
    }

    /// <summary>Pins what was pinned. No frame may be mapped writable.</summary>
    public void Pin()
    {
        var tables = new List<(ulong Frame, int Level)>(XenGuest.MaxFrames);
        for (var pfn = 0; pfn < table.Length; pfn++)
        {
            if (table[pfn] != PvFrameTable.None && (types[pfn] & StreamFormat.PagePinned) != 0)
            {
                tables.Add((table[pfn], StreamFormat.TableLevel(types[pfn])));
                if (tables.Count == XenGuest.MaxFrames)
                {
                    guest.PinTables(CollectionsMarshal.AsSpan(tables));
                    tables.Clear();
                }
            }
        }

        if (tables.Count > 0)
        {
            guest.PinTables(CollectionsMarshal.AsSpan(tables));
        }
    }

    public void EnableLogDirty() => throw new NotSupportedException();

    public long CleanLogDirty(Span<ulong> bitmap) => throw new NotSupportedException();

    public void DisableLogDirty() => throw new NotSupportedException();

    public void Dispose() => Window.DisposeLater();

    private ulong Machine(ulong pfn, string what)
    {
        if (pfn >= (ulong)table.Length)
        {
            throw new StreamError(StreamFault.FrameOutOfRange, $"{what}: pfn {pfn} of {table.Length}");
        }

        if (table[pfn] == PvFrameTable.None)
        {
            // Named by the guest but never sent: it has a frame, whose contents nobody relied on.
            wanted[0] = pfn;
            Give(wanted.AsSpan(0, 1));
        }

        return table[pfn];
    }

    private void Give(Span<ulong> pfns)
    {
        if (pfns.IsEmpty)
        {
            return;
        }

        var frames = given.AsSpan(0, pfns.Length);
        var done = 0;
        while (done < pfns.Length)
        {
            done += GiveRun(pfns[done..], frames[done..]);
        }

        for (var i = 0; i < pfns.Length; i++)
        {
            table[pfns[i]] = frames[i];
        }

        if (!Window.Fill(pfns, frames))
        {
            throw new HypervisorError($"map memory of domain {guest.Domid}", LibC.EFAULT);
        }
    }

    /// <summary>Gives 2 MiB at once to the first pfns where they are that many neighbours, single frames otherwise; returns to how many.</summary>
    private int GiveRun(ReadOnlySpan<ulong> pfns, Span<ulong> frames)
    {
        var run = 1;
        while (run < Math.Min(pfns.Length, LargeFrames) && pfns[run] == pfns[0] + (ulong)run)
        {
            run++;
        }

        if (run == LargeFrames && guest.TryPopulateLarge(pfns[0], out var first))
        {
            for (var i = 0; i < run; i++)
            {
                frames[i] = first + (ulong)i;
            }

            return run;
        }

        pfns[..run].CopyTo(frames);
        guest.Populate(frames[..run], order: 0);
        return run;
    }
}
