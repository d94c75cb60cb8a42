namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>A set of pfns below a bound, as bits.</summary>
internal sealed class FrameSet(long bound)
{
    private readonly ulong[] words = new ulong[(bound + 63) / 64];

    /// <summary>Members.</summary>
    public long Count { get; private set; }

    public bool Has(long pfn) => (words[pfn / 64] >> (int)(pfn % 64) & 1) != 0;

    public void Add(long pfn)
    {
        ref var word = ref words[pfn / 64];
        var bit = 1UL << (int)(pfn % 64);
        Count += (word & bit) == 0 ? 1 : 0;
        word |= bit;
    }

    public void Clear()
    {
        Array.Clear(words);
        Count = 0;
    }

    public void CopyTo(Span<ulong> bitmap) => words.CopyTo(bitmap);

    /// <summary>The first run of members at or after a pfn; (bound, bound) when there is none.</summary>
    public (long Start, long End) NextRun(long pfn)
    {
        var start = Next(pfn, 0);
        return (start, Next(start, ulong.MaxValue));
    }

    /// <summary>The first pfn from that one on whose bit differs from <paramref name="skipped"/>'s.</summary>
    private long Next(long pfn, ulong skipped)
    {
        while (pfn < bound)
        {
            var rest = (words[pfn / 64] ^ skipped) >> (int)(pfn % 64);
            if (rest != 0)
            {
                return Math.Min(bound, pfn + System.Numerics.BitOperations.TrailingZeroCount(rest));
            }

            pfn = (pfn / 64 + 1) * 64;
        }

        return bound;
    }
}
