using System.Diagnostics;
using System.Runtime.InteropServices;
using Tmds.Linux;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Memory;

namespace Toolstack.XenSimulator.Guest;

/// <summary>The first frame of a slice: all the state of the guest program on one vCPU, so that it goes where the memory goes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SliceHeader
{
    public ulong Magic;
    public long FirstGfn;
    public long Pages;
    public long WorkingPages;
    public ulong Seed;
    public ulong Random;
    public ulong Counter;
    public long LastTick;
    public long LongestPause;
    public long LongestStop;
    public long DirtyRate;
    public long LivePages;
    public long Measures;
}

/// <summary>What a check of a slice found.</summary>
internal readonly record struct SliceCheck(long Pages, long Errors, ulong Checksum);

/// <summary>
/// The program of the simulated guest, for one vCPU and its slice of the frames: a header, a table with the version of each
/// frame of data, the data, and the rest, which stays untouched. A step picks a frame, raises its version and rewrites all of
/// it from (seed, gfn, version), so that any frame that is lost, stale or torn is found by <see cref="Verify"/>.
/// Not thread-safe: its vCPU owns it while it runs.
/// </summary>
internal sealed unsafe class GuestSlice
{
    private const ulong Magic = 0x5453_4555_474D_4953; // "SIMGUEST"
    private const int VersionsPerPage = GuestMemory.PageSize / sizeof(uint);
    private readonly GuestMemory _memory;
    private readonly long _first;
    private readonly long _pages;
    private readonly long _working;
    private readonly ulong _seed;
    private bool _wasStopped;

    private GuestSlice(GuestMemory memory, long first, long pages, long working, ulong seed)
    {
        _memory = memory;
        _first = first;
        _pages = pages;
        _working = working;
        _seed = seed;
    }

    public long FirstGfn => _first;

    public long Pages => _pages;

    public ulong Counter => Header->Counter;

    public TimeSpan LongestPause => TimeSpan.FromMicroseconds(Header->LongestPause / 1000.0);

    /// <summary>The longest of those pauses that began with the vCPU being stopped, on whatever host: a migration's downtime.</summary>
    public TimeSpan LongestStop => TimeSpan.FromMicroseconds(Header->LongestStop / 1000.0);

    public long DirtyRate => Header->DirtyRate;

    /// <summary>Whether somebody wants to know its pauses: it then ticks often, though it may have nothing to do.</summary>
    public bool Measures => Header->Measures != 0;

    // The memory is mapped by others too: what is used as a bound is clamped at every look.
    private long Live => Math.Clamp(Header->LivePages, 1, _working);

    private SliceHeader* Header => (SliceHeader*)_memory.Frame(_first);

    private long FirstData => _first + 1 + TablePages(_working);

    /// <summary>Starts the program afresh in frames that are zero: every frame of data gets its first version.</summary>
    /// <param name="wanted">Frames of data; as many as fit are taken.</param>
    public static GuestSlice Boot(GuestMemory memory, long first, long pages, long wanted, ulong seed, long dirtyRate)
    {
        var working = Math.Clamp(wanted, 1, pages - 2);
        while (1 + TablePages(working) + working > pages)
        {
            working--;
        }

        GuestSlice slice = new(memory, first, pages, working, seed);
        *slice.Header = new SliceHeader
        {
            Magic = Magic,
            FirstGfn = first,
            Pages = pages,
            WorkingPages = working,
            Seed = seed,
            Random = seed,
            DirtyRate = dirtyRate,
            LivePages = working,
        };
        memory.Populate(first, 1 + TablePages(working) + working);
        for (var i = 0L; i < working; i++)
        {
            slice.Rewrite(i);
        }

        return slice;
    }

    /// <summary>Takes up the program where restored memory left it. The header comes from outside, so every bound in it is
    /// checked here once and kept in this object; raises <see cref="HypercallError"/> EINVAL.</summary>
    public static GuestSlice Attach(GuestMemory memory, long first, ulong counter)
    {
        if (first < 0 || first >= memory.PageCount)
        {
            throw new HypercallError(LibC.EINVAL, $"vCPU context: slice at gfn {first}");
        }

        var header = *(SliceHeader*)memory.Frame(first);
        var sound = header.Magic == Magic
            && header.FirstGfn == first
            && header.Pages >= 3 && header.Pages <= memory.PageCount - first
            && header.WorkingPages >= 1 && header.WorkingPages <= header.Pages
            && 1 + TablePages(header.WorkingPages) + header.WorkingPages <= header.Pages
            && header.LivePages >= 1 && header.LivePages <= header.WorkingPages
            && header.DirtyRate is >= 0 and <= GuestLimits.MaxDirtyRate;
        if (!sound || header.Counter != counter)
        {
            throw new HypercallError(LibC.EINVAL, $"memory and vCPU context disagree at gfn {first}");
        }

        return new GuestSlice(memory, first, header.Pages, header.WorkingPages, header.Seed);
    }

    /// <summary>The vCPU was stopped and goes on: what the next tick finds is not the doing of a busy machine.</summary>
    public void GoOn() => _wasStopped = true;

    /// <summary>Notes the time and the longest gap between two ticks: what the guest saw of a pause, by CLOCK_MONOTONIC. A guest
    /// that sleeps longer than a busy one counts what is over its own <paramref name="interval"/>.</summary>
    public void Tick(TimeSpan interval)
    {
        var now = Now();
        var header = Header;
        if (header->LastTick != 0 && now > header->LastTick)
        {
            header->LongestPause = Math.Max(header->LongestPause, now - header->LastTick);
            header->LongestStop = _wasStopped ? Math.Max(header->LongestStop, now - header->LastTick) : header->LongestStop;
        }

        _wasStopped = false;
        header->LastTick = now + (long)(interval - GuestLimits.BurstInterval).TotalNanoseconds;
        header->Counter++;
        _memory.MarkDirty(_first);
    }

    /// <summary>One burst of steps for the time passed, in whole steps; <paramref name="debt"/> carries the fraction over.</summary>
    public void Run(TimeSpan passed, ref double debt)
    {
        debt = Math.Min(GuestLimits.MaxBurst, debt + (passed.TotalSeconds * Header->DirtyRate));
        for (; debt >= 1; debt--)
        {
            var header = Header;
            header->Random = (header->Random * 6364136223846793005) + 1442695040888963407;
            Rewrite((long)((header->Random >> 16) % (ulong)Live));
            header->Counter++;
            _memory.MarkDirty(_first);
        }
    }

    /// <summary>A pause that was not the guest's (a check) is not to be counted.</summary>
    public void SkipTime()
    {
        Header->LastTick = Now();
        _memory.MarkDirty(_first);
    }

    public void ResetPause()
    {
        Header->LongestPause = 0;
        Header->LongestStop = 0;
        Header->Measures = 1;
        _memory.MarkDirty(_first);
    }

    public void SetDirtyRate(long rate)
    {
        Header->DirtyRate = rate;
        _memory.MarkDirty(_first);
    }

    /// <summary>Compares every frame of data with its version, and looks for anything in the frames that were never used.
    /// The checksum covers the versions and the data, not the header, so that an idle guest keeps it.</summary>
    public SliceCheck Verify()
    {
        var errors = 0L;
        var checksum = _seed;
        Span<ulong> expected = stackalloc ulong[GuestMemory.PageSize / sizeof(ulong)];
        var live = Live;
        for (var i = 0L; i < live; i++)
        {
            var gfn = FirstData + i;
            var version = *VersionOf(i);
            PagePattern.Fill(expected, _seed, gfn, version);
            var words = _memory.Words(gfn);
            errors += words.SequenceEqual(expected) ? 0 : 1;
            checksum = PagePattern.Mix(checksum, words, version);
        }

        errors += CountUsed(FirstData + live, _first + _pages);
        return new SliceCheck(_pages, errors, checksum);
    }

    /// <summary>Frames the program cannot do without, and those it holds now.</summary>
    public (long Least, long Held) Frames => (1 + TablePages(_working) + 1, 1 + TablePages(_working) + Live);

    /// <summary>Gives up the last frames of data, at most so many; returns how many. They are never used again.</summary>
    public long GiveUp(long count)
    {
        var live = Live;
        count = Math.Clamp(count, 0, live - 1);
        if (count > 0)
        {
            Header->LivePages = live - count;
            _memory.MarkDirty(_first);
            _memory.Release(FirstData + live - count, count);
        }

        return count;
    }

    private static long Now() => Stopwatch.GetTimestamp() * (1_000_000_000 / Stopwatch.Frequency);

    private static long TablePages(long working) => (working + VersionsPerPage - 1) / VersionsPerPage;

    private uint* VersionOf(long index) =>
        (uint*)_memory.Frame(_first + 1 + (index / VersionsPerPage)) + (index % VersionsPerPage);

    private void Rewrite(long index)
    {
        // SAFETY: index is below _working, and the bounds of the slice were checked against the memory when it was made.
        var version = VersionOf(index);
        (*version)++;
        PagePattern.Fill(_memory.Words(FirstData + index), _seed, FirstData + index, *version);
        _memory.MarkDirty(FirstData + index);
        _memory.MarkDirty(_first + 1 + (index / VersionsPerPage));
    }

    private long CountUsed(long from, long to)
    {
        var used = 0L;
        var gfn = from;
        while (gfn < to)
        {
            // Frames that were never written need no look, and looking would allocate them.
            var (start, end) = _memory.NextPopulated(gfn);
            for (gfn = Math.Max(gfn, start); gfn < Math.Min(end, to); gfn++)
            {
                used += _memory.Words(gfn).ContainsAnyExcept(0UL) ? 1 : 0;
            }

            gfn = Math.Max(gfn, end);
        }

        return used;
    }
}
