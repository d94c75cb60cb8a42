using Tmds.Linux;
using Toolstack.Interop.Linux;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>The frame numbers in a PV guest's page tables: of machine frames while it has a domain, of pfns in the stream.</summary>
internal static class PvTables
{
    private const int Top = 4;
    private const ulong Present = 1;
    private const ulong LargePage = 0x80;
    private const ulong FrameBits = ((1UL << 40) - 1) << 12;

    /// <summary>Entries of a top level table that belong to Xen.</summary>
    private const int FirstOfXen = 256;
    private const int LastOfXen = 271;

    /// <summary>Writes a table to <paramref name="target"/> with every present entry's frame number translated. Raises what
    /// <paramref name="translate"/> raises, and HypervisorError for an entry no PV guest can have.</summary>
    public static void Translate(ReadOnlySpan<ulong> source, Span<ulong> target, int level, Func<ulong, ulong> translate)
    {
        for (var i = 0; i < source.Length; i++)
        {
            var entry = source[i];
            if (level == Top && i is >= FirstOfXen and <= LastOfXen)
            {
                entry = 0;
            }
            else if ((entry & Present) != 0)
            {
                if (level > 1 && (entry & LargePage) != 0)
                {
                    throw new HypervisorError("page table with a large page", LibC.EINVAL);
                }

                entry = (entry & ~FrameBits) | (translate((entry & FrameBits) >> 12) << 12);
            }

            target[i] = entry;
        }
    }
}
