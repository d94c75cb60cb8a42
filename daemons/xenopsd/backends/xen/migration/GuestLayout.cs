namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>Where an HVM or PVH guest has its frames, as domain builders lay it out.</summary>
internal static class GuestLayout
{
    /// <summary>What is not RAM stands far above it, below 4 GiB: ACPI tables first, the pages of the rings last.</summary>
    private const long FirstSpecial = 0xfc000;
    private const long EndOfSpecial = 0xff000;

    /// <summary>More than builders put at either end.</summary>
    private const long SpecialFrames = 64;

    private const long RamAboveHole = 0x100000;

    /// <summary>Every gfn below <paramref name="pageCount"/> once, as ranges, those first where frames are likely; whether frames are the rule
    /// there or the exception. The guest has <paramref name="maxPages"/> frames at most.</summary>
    public static IEnumerable<(long First, long End, bool MostlyThere)> Parts(long pageCount, long maxPages)
    {
        var ram = Math.Min(maxPages, FirstSpecial);
        (long First, long End, bool MostlyThere)[] parts =
        [
            (EndOfSpecial - SpecialFrames, EndOfSpecial, false),
            (FirstSpecial, FirstSpecial + SpecialFrames, false),
            (0, ram, true),
            (RamAboveHole, RamAboveHole + maxPages, true),
            (FirstSpecial + SpecialFrames, EndOfSpecial - SpecialFrames, false),
            (ram, FirstSpecial, false),
            (EndOfSpecial, RamAboveHole, false),
            (RamAboveHole + maxPages, long.MaxValue, false),
        ];
        return parts.Select(part => part with { End = Math.Min(part.End, pageCount) }).Where(static part => part.First < part.End);
    }
}
