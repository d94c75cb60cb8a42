using Toolstack.Xenopsd.Backends.Xen.Migration;
using Xunit;

namespace Toolstack.Tests.XenMigration;

/// <summary>Where a guest's frames are looked for: everywhere, once.</summary>
public class GuestLayoutTests
{
    [Theory]
    [InlineData(0xff000, 28_928)]
    [InlineData(0x100, 0x100)]
    [InlineData(0xff000, 0xfd000)]
    [InlineData(0x180000, 0x170000)]
    [InlineData(0x180000, 0x80000)]
    public void Every_frame_is_looked_at_once(long pageCount, long maxPages)
    {
        var parts = GuestLayout.Parts(pageCount, maxPages).OrderBy(static part => part.First).ToList();
        Assert.Equal(0, parts[0].First);
        Assert.Equal(pageCount, parts[^1].End);
        Assert.All(parts.Zip(parts.Skip(1)), static pair => Assert.Equal(pair.First.End, pair.Second.First));
    }

    [Fact]
    public void Frames_are_found_before_the_holes_between_them()
    {
        // RAM of 112 MiB, two pages of tables, eight of rings: after these three parts all has been seen.
        var parts = GuestLayout.Parts(0xff000, 28_928).Take(3).ToList();
        Assert.Contains(parts, static part => part.First <= 0xfeff8 && part.End == 0xff000);
        Assert.Contains(parts, static part => part.First == 0xfc000);
        Assert.Contains(parts, static part => part is { First: 0, End: 28_928, MostlyThere: true });
    }
}
