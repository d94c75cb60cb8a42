using System.Numerics;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.XenSimulator.Memory;

/// <summary>
/// The frames of one domain, gfn 0 to <see cref="PageCount"/> - 1, and its log-dirty bitmap. vCPUs mark a frame after they have
/// written it, so a reader that takes the bit and then reads the frame sees the write or finds the bit again later.
/// </summary>
internal sealed unsafe class GuestMemory : IDisposable
{
    public const int PageSize = SharedMemory.PageSize;

    private readonly Lock gate = new();
    private readonly SharedMemory memory;
    private readonly SpareMemory? spares;
    private readonly bool fresh;
    private readonly byte* start;
    private ulong[]? dirty;
    private int users = 1;
    private bool shared;

    /// <summary>The frames are fresh, or taken from <paramref name="spares"/> and given back there.</summary>
    public GuestMemory(string name, long pages, SpareMemory? spares)
    {
        this.spares = spares;
        var kept = spares?.TryTake(pages * PageSize);
        fresh = kept is null;
        memory = kept ?? SharedMemory.Create(name, pages * PageSize, hugePages: true);
        start = memory.Pointer;
        PageCount = pages;
    }

    public long PageCount { get; }

    /// <summary>The memfd, for whoever maps the domain's memory from now on; ESRCH when the domain has gone.</summary>
    public SafeFileHandle Share(long domid)
    {
        lock (gate)
        {
            shared = true;
            return users > 0 ? memory.Handle : throw HypercallError.NoDomain(domid);
        }
    }

    /// <summary>The frames stay until the result is disposed, though the domain goes meanwhile; ESRCH when it has gone.</summary>
    public IDisposable Hold(long domid)
    {
        lock (gate)
        {
            users = users > 0 ? users + 1 : throw HypercallError.NoDomain(domid);
        }

        return new Holding(this);
    }

    /// <summary>Frames that have real memory behind them.</summary>
    public long PopulatedPages => memory.AllocatedBytes() / PageSize;

    public byte* Frame(long gfn)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(gfn);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(gfn, PageCount);
        return start + (gfn * PageSize);
    }

    /// <summary>One frame as words.</summary>
    public Span<ulong> Words(long gfn) => new(Frame(gfn), PageSize / sizeof(ulong));

    /// <summary>First run of frames at or after <paramref name="gfn"/> that may hold something other than zeros.</summary>
    public (long Start, long End) NextPopulated(long gfn)
    {
        var first = memory.NextData(gfn * PageSize) / PageSize;
        if (first >= PageCount)
        {
            return (PageCount, PageCount);
        }

        return (first, Math.Max(memory.NextHole(first * PageSize) / PageSize, first + 1));
    }

    /// <summary>Gives frames to a range that is about to be filled. Memory of a former guest has most of them.</summary>
    public void Populate(long gfn, long count)
    {
        if (fresh)
        {
            memory.Populate(gfn * PageSize, count * PageSize);
        }
    }

    /// <summary>Takes frames away from the guest: they read as zero.</summary>
    public void Release(long gfn, long count)
    {
        memory.PunchHole(gfn * PageSize, count * PageSize);
        for (var i = 0L; i < count; i++)
        {
            MarkDirty(gfn + i);
        }
    }

    public void MarkDirty(long gfn)
    {
        // The frame's stores must be visible before the look at the bitmap: else a sender that enables log-dirty right now could
        // read the old frame and never hear of the new one.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref dirty) is { } bitmap)
        {
            Interlocked.Or(ref bitmap[gfn / 64], 1UL << (int)(gfn % 64));
        }
    }

    public void EnableLogDirty() => Volatile.Write(ref dirty, new ulong[(PageCount + 63) / 64]);

    /// <summary>Moves the bitmap to <paramref name="target"/> and gives the number of bits set; EINVAL when it is off.</summary>
    public long CleanLogDirty(Span<ulong> target)
    {
        var bitmap = Volatile.Read(ref dirty) ?? throw new HypercallError(LibC.EINVAL, "log-dirty is off");
        var count = 0L;
        for (var i = 0; i < bitmap.Length; i++)
        {
            // Most words are zero, and an exchange costs far more than a look.
            var word = Volatile.Read(ref bitmap[i]) == 0 ? 0 : Interlocked.Exchange(ref bitmap[i], 0);
            target[i] = word;
            count += BitOperations.PopCount(word);
        }

        return count;
    }

    public void DisableLogDirty() => Volatile.Write(ref dirty, null);

    /// <summary>The domain, or one who held the frames, has gone: so do they with the last.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            if (--users > 0)
            {
                return;
            }
        }

        if (spares is null || shared)
        {
            memory.DisposeLater();
        }
        else
        {
            spares.GiveBack(memory);
        }
    }

    private sealed class Holding(GuestMemory memory) : IDisposable
    {
        public void Dispose() => memory.Dispose();
    }
}
