using Toolstack.Xenopsd.Migration.Stream;
using Xunit;

namespace Toolstack.Tests.Stream;

/// <summary>What holds for every image, whatever was done to its order and its numbers.</summary>
public class StreamPropertyTests
{
    /// <summary>More than the largest single thing that is kept of an image (1 MiB) and far less than a record may claim (128 MiB).</summary>
    private const long MostKept = 16 << 20;

    private static readonly Dictionary<string, byte[]> Parts = new()
    {
        ["cpuid"] = new StreamBytes().Record(0x11, new byte[24]).ToArray(),
        ["msr"] = new StreamBytes().Record(0x12).ToArray(),
        ["static end"] = new StreamBytes().Record(0x10).ToArray(),
        ["pages"] = new StreamBytes().Pages(0, 1, 5).ToArray(),
        ["zeros"] = new StreamBytes().Zeros((3, 2)).ToArray(),
        ["pages again"] = new StreamBytes().Pages(5, 3).ToArray(),
        ["tsc"] = new StreamBytes().Record(8, new byte[24]).ToArray(),
        ["context"] = new StreamBytes().Context().ToArray(),
        ["end"] = new StreamBytes().Record(0).ToArray(),
    };

    public static TheoryData<string> PartNames => [.. Parts.Keys];

    /// <summary>The records in any other order are an image or are refused by name; either way the guest is left with frames that were in one
    /// of them, and nothing outside it is touched.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Records_in_another_order_are_restored_or_refused(int seed)
    {
        Random random = new(seed);
        var restored = 0;
        for (var round = 0; round < 80; round++)
        {
            var parts = Parts.Values.ToArray();
            for (var swaps = random.Next(1, 4); swaps > 0; swaps--)
            {
                var (a, b) = (random.Next(parts.Length), random.Next(parts.Length));
                (parts[a], parts[b]) = (parts[b], parts[a]);
            }

            restored += Restores([.. Begin().ToArray(), .. parts.SelectMany(static p => p), .. new StreamBytes().Image(0xffff).ToArray()]) ? 1 : 0;
        }

        Assert.True(restored > 0, "no other order is an image");
    }

    /// <summary>Each record in turn comes where another was, twice, or not at all.</summary>
    [Theory]
    [MemberData(nameof(PartNames))]
    public void A_record_that_is_moved_doubled_or_lost_is_restored_or_refused(string name)
    {
        var others = Parts.Where(p => p.Key != name).Select(static p => p.Value).ToArray();
        for (var place = 0; place <= others.Length; place++)
        {
            byte[][] moved = [.. others[..place], Parts[name], .. others[place..]];
            Restores([.. Begin().ToArray(), .. moved.SelectMany(static p => p), .. new StreamBytes().Image(0xffff).ToArray()]);
        }

        byte[][] doubled = [.. Parts.SelectMany(p => p.Key == name ? (byte[][])[p.Value, p.Value] : [p.Value])];
        Restores([.. Begin().ToArray(), .. doubled.SelectMany(static p => p), .. new StreamBytes().Image(0xffff).ToArray()]);
        Restores([.. Begin().ToArray(), .. others.SelectMany(static p => p), .. new StreamBytes().Image(0xffff).ToArray()]);
    }

    /// <summary>A number that promises more than comes takes no memory for what it promises.</summary>
    [Theory]
    [InlineData(0x01u)]
    [InlineData(0x08u)]
    [InlineData(0x09u)]
    [InlineData(0x0au)]
    [InlineData(0x11u)]
    [InlineData(0x12u)]
    [InlineData(0x80000100u)]
    [InlineData(0x80000777u)]
    public void A_length_without_its_bytes_takes_no_memory(uint type)
    {
        foreach (var length in (uint[])[1 << 16, 1 << 20, StreamLimits.MaxRecordLength])
        {
            foreach (var image in (StreamBytes[])[Begin(), Begin().StaticData()])
            {
                AssertKeepsLittle(image.U32(type).U32(length).U32(uint.MaxValue).U32(0).ToArray());
            }
        }
    }

    [Theory]
    [InlineData(0x000ful)]
    [InlineData(0x0f00ul)]
    [InlineData(0x0f11ul)]
    [InlineData(0x0f13ul)]
    public void A_record_of_the_image_without_its_bytes_takes_no_memory(ulong type)
    {
        foreach (var length in (ulong[])[1 << 20, 1UL << 32, ulong.MaxValue])
        {
            AssertKeepsLittle(new StreamBytes().Raw("XenSavedDomv2-\n"u8.ToArray()).U64(type).U64(length).ToArray());
        }
    }

    private static void AssertKeepsLittle(byte[] image)
    {
        using FakeGuest guest = new(8);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.ThrowsAny<IOException>(() => guest.Restore(image));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, MostKept);
    }

    private static StreamBytes Begin() => new StreamBytes().Start().Headers();

    /// <summary>Whether it was an image; whatever else it was has a name.</summary>
    private static bool Restores(byte[] image)
    {
        using FakeGuest guest = new(8);
        try
        {
            guest.Restore(image);
            Assert.NotNull(guest.Dynamic);
            return true;
        }
        catch (IOException error)
        {
            Assert.True(error is StreamError or EndOfStreamException, error.ToString());
            return false;
        }
        finally
        {
            Assert.True(guest.GuardsIntact);
            for (var gfn = 0; gfn < 8; gfn++)
            {
                Assert.Contains(guest.Page(gfn)[4095], new byte[] { 0, (byte)(gfn + 1) });
            }
        }
    }
}
