using System.Numerics;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>
/// The frames of one simulated domain, gfn 0 to <see cref="PageCount"/> - 1, and its log-dirty bitmap. vCPUs mark a frame after
/// they have written it, so a reader that takes the bit and then reads the frame sees the write or finds the bit again later.
/// </summary>
internal sealed unsafe class GuestMemory : IGuestMemory, IDisposable
{
    private readonly SharedMemory _memory;
    private readonly byte* _base;
    private ulong[]? _dirty;

    public GuestMemory(string name, long pages, bool hugePages)
    {
        _memory = SharedMemory.Create(name, pages * StreamLimits.PageSize, hugePages);
        _base = _memory.Pointer;
        PageCount = pages;
    }

    public long PageCount { get; }

    public bool FreshFramesAreZero => true;

    public byte* Frames(long gfn, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(gfn);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(gfn, PageCount - count);
        return _base + (gfn * StreamLimits.PageSize);
    }

    /// <summary>One frame as words.</summary>
    public Span<ulong> Words(long gfn) => new(Frames(gfn, 1), StreamLimits.PageSize / sizeof(ulong));

    public (long Start, long End) NextPopulated(long gfn)
    {
        var start = _memory.NextData(gfn * StreamLimits.PageSize) / StreamLimits.PageSize;
        if (start >= PageCount)
        {
            return (PageCount, PageCount);
        }

        var end = _memory.NextHole(start * StreamLimits.PageSize) / StreamLimits.PageSize;
        return (start, Math.Max(end, start + 1));
    }

    public bool Prepare(long gfn, long count) => _memory.Populate(gfn * StreamLimits.PageSize, count * StreamLimits.PageSize);

    public void MarkDirty(long gfn)
    {
        // The frame's stores must be visible before the look at _dirty: else a sender that enables log-dirty right now could
        // read the old frame and never hear of the new one.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _dirty) is { } dirty)
        {
            Interlocked.Or(ref dirty[gfn / 64], 1UL << (int)(gfn % 64));
        }
    }

    public void EnableLogDirty() => Volatile.Write(ref _dirty, new ulong[(PageCount + 63) / 64]);

    public long CleanLogDirty(Span<ulong> bitmap)
    {
        var dirty = Volatile.Read(ref _dirty) ?? throw new HypervisorError("log-dirty clean while it is off", Tmds.Linux.LibC.EINVAL);
        var count = 0L;
        for (var i = 0; i < dirty.Length; i++)
        {
            bitmap[i] = Interlocked.Exchange(ref dirty[i], 0);
            count += BitOperations.PopCount(bitmap[i]);
        }

        return count;
    }

    public void DisableLogDirty() => Volatile.Write(ref _dirty, null);

    public void Dispose() => _memory.Dispose();
}
