using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Toolstack.XenSimulator.Guest;

/// <summary>What the simulated guest writes into a frame: words that follow from (seed, gfn, version) and are never all zero.</summary>
internal static class PagePattern
{
    private const ulong Step = 0x9E37_79B9_7F4A_7C15; // odd: the words of a frame are all different

    public static void Fill(Span<ulong> page, ulong seed, long gfn, uint version)
    {
        var start = Scramble(seed ^ Scramble(((ulong)gfn << 32) ^ version));
        var word = Vector256.Create(start) + (Vector256.Create(0UL, 1, 2, 3) * Step);
        var next = Vector256.Create(4UL) * Step;
        foreach (ref var target in MemoryMarshal.Cast<ulong, Vector256<ulong>>(page))
        {
            target = word;
            word += next;
        }
    }

    /// <summary>Folds a frame and its version into a checksum, in four lanes.</summary>
    public static ulong Mix(ulong checksum, ReadOnlySpan<ulong> page, uint version)
    {
        var lanes = Vector256.Create(checksum, version, Step, ~checksum);
        foreach (var words in MemoryMarshal.Cast<ulong, Vector256<ulong>>(page))
        {
            lanes = (lanes << 7) ^ (lanes >>> 9) ^ words;
        }

        return Scramble(lanes[0]) ^ Scramble(lanes[1] + 1) ^ Scramble(lanes[2] + 2) ^ Scramble(lanes[3] + 3);
    }

    /// <summary>The finalizer of splitmix64.</summary>
    public static ulong Scramble(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
