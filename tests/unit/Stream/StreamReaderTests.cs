using Toolstack.Xenopsd.Migration.Stream;
using Xunit;

namespace Toolstack.Tests.Stream;

/// <summary>The reader against images written by hand: what it takes, and the name of each thing it refuses.</summary>
public class StreamReaderTests
{
    private const ulong Xtab = 0xFUL << 60;
    private const ulong Xalloc = 0xEUL << 60;
    private const ulong Broken = 0xDUL << 60;

    private static readonly Dictionary<string, (StreamFault Fault, Func<StreamBytes> Image)> Refused = new()
    {
        ["signature"] = (StreamFault.BadSignature, () => new StreamBytes().Raw("XenSavedDomain\n"u8.ToArray())),
        ["xenops text"] = (StreamFault.BadBody, () => new StreamBytes().Raw("XenSavedDomv2-\n"u8.ToArray()).Image(0xf, "((a b)"u8.ToArray())),
        ["xenops length"] = (StreamFault.BadLength, () => new StreamBytes().Raw("XenSavedDomv2-\n"u8.ToArray()).U64(0xf).U64(1UL << 40)),
        ["libxl record"] = (StreamFault.UnknownRecord, () => new StreamBytes().Raw("XenSavedDomv2-\n"u8.ToArray()).Image(0xf1)),
        ["end without stream"] = (StreamFault.MissingRecord, () => new StreamBytes().Raw("XenSavedDomv2-\n"u8.ToArray()).Image(0xffff)),
        ["second stream"] = (StreamFault.Duplicate, () => Good(zero: false).Image(0xf0)),
        ["emulator state"] = (StreamFault.BadLength, () => Good(zero: false).U64(0xf00).U64((1 << 20) + 1)),
        ["image header"] = (StreamFault.BadHeader, () => new StreamBytes().Start().Raw(new byte[24])),
        ["version"] = (StreamFault.UnsupportedVersion, () => new StreamBytes().Start().Headers(version: 4)),
        ["domain type"] = (StreamFault.UnsupportedDomainType, () => new StreamBytes().Start().Headers(domainType: 1)),
        ["record length"] = (StreamFault.BadLength, () => Begin().U32(1).U32(0x0800_0001)),
        ["mandatory record"] = (StreamFault.UnknownRecord, () => Begin().Record(0x13)),
        ["checkpoint"] = (StreamFault.UnknownRecord, () => Begin().StaticData().Record(0xe)),
        ["memory before static data"] = (StreamFault.UnexpectedRecord, () => Begin().Pages(0)),
        ["static data after memory"] = (StreamFault.UnexpectedRecord, () => Begin().StaticData().Pages(0).Record(0x11, new byte[24])),
        ["second static end"] = (StreamFault.UnexpectedRecord, () => Begin().StaticData().Record(0x10)),
        ["second policy"] = (StreamFault.Duplicate, () => Begin().Record(0x11).Record(0x11)),
        ["policy length"] = (StreamFault.BadLength, () => Begin().Record(0x11, new byte[25])),
        ["memory after state"] = (StreamFault.UnexpectedRecord, () => Begin().StaticData().Context().Pages(0)),
        ["second context"] = (StreamFault.Duplicate, () => Begin().StaticData().Context().Context()),
        ["no context"] = (StreamFault.MissingRecord, () => Begin().StaticData().Pages(0).Record(0)),
        ["end with a body"] = (StreamFault.BadLength, () => Begin().StaticData().Context().Record(0, 1)),
        ["no entries"] = (StreamFault.BadBody, () => Begin().StaticData().Record(1, new byte[8])),
        ["too short for a count"] = (StreamFault.BadLength, () => Begin().StaticData().Record(1, new byte[4])),
        ["count over the length"] = (StreamFault.BadLength, () => Begin().StaticData().Record(1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
        ["count over the limit"] = (StreamFault.TooMany, () => Begin().StaticData().Record(1, 0xff, 0xff, 0xff, 0x7f, 0, 0, 0, 0)),
        ["frames missing"] = (StreamFault.BadLength, () => Begin().StaticData().Record(1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)),
        ["first gfn outside"] = (StreamFault.FrameOutOfRange, () => Begin().StaticData().Pages(8)),
        ["hole outside"] = (StreamFault.FrameOutOfRange, () => Begin().StaticData().Pages(Xtab | 8)),
        ["huge gfn"] = (StreamFault.FrameOutOfRange, () => Begin().StaticData().Pages((1UL << 52) - 1)),
        ["reserved bits"] = (StreamFault.BadBody, () => Begin().StaticData().Pages(1UL << 55)),
        ["page table type"] = (StreamFault.BadPageType, () => Begin().StaticData().Pages(4UL << 60)),
        ["one frame twice"] = (StreamFault.Duplicate, () => Begin().StaticData().Pages(3, 1, 3)),
        ["zero range outside"] = (StreamFault.FrameOutOfRange, () => Begin().StaticData().Zeros((7, 2))),
        ["zero range that wraps"] = (StreamFault.FrameOutOfRange, () => Begin().StaticData().Zeros((7, ulong.MaxValue))),
        ["empty zero range"] = (StreamFault.FrameOutOfRange, () => Begin().StaticData().Zeros((0, 0))),
        ["padding"] = (StreamFault.BadBody, () => Begin().StaticData().U32(0x8000_0100).U32(9).Raw(new byte[15]).Raw(1)),
        ["verify differs"] = (StreamFault.VerifyMismatch, () => Begin().StaticData().Record(0xd).Pages(1)),
        ["tsc length"] = (StreamFault.BadLength, () => Begin().StaticData().Record(8, new byte[16])),
        ["parameters"] = (StreamFault.BadLength, () => Begin().StaticData().Record(0xa, 2, 0, 0, 0, 0, 0, 0, 0)),
    };

    public static TheoryData<string> RefusedNames => [.. Refused.Keys];

    [Theory]
    [MemberData(nameof(RefusedNames))]
    public void Each_fault_has_its_name_and_touches_nothing_outside_the_guest(string name)
    {
        using FakeGuest guest = new(8);
        var (fault, image) = Refused[name];
        var error = Assert.Throws<StreamError>(() => guest.Restore(image().ToArray()));
        Assert.Equal(fault, error.Fault);
        Assert.Null(guest.Dynamic);
        Assert.True(guest.GuardsIntact);
    }

    [Fact]
    public void Frames_arrive_and_the_last_version_wins()
    {
        using FakeGuest guest = new(8);
        guest.Page(5).Fill(77);
        var image = Begin().StaticData()
            .Pages(0, 1, Xtab | 2, 4, 5, Broken | 6, Xalloc | 7)
            .Pages(5, 3)
            .Zeros((0, 1), (4, 1))
            .Pages(4)
            .Tail().End();
        var statistics = guest.Restore(image.ToArray());
        Assert.Equal(new byte[] { 0, 2, 0, 4, 5, 6, 0, 0 }, Enumerable.Range(0, 8).Select(i => guest.Page(i)[4095]));
        Assert.Equal(7, statistics.Frames);
        Assert.Equal(2, statistics.ZeroFrames);
        Assert.Equal(24, guest.Static!.CpuidPolicy.Length);
        Assert.Equal(new HvmParam(36, 8), Assert.Single(guest.Dynamic!.HvmParams));
        Assert.True(guest.GuardsIntact);
    }

    [Fact]
    public void Unknown_optional_records_are_skipped_and_emulator_state_is_read_over()
    {
        using FakeGuest guest = new(8);
        var image = Begin().Record(0x8000_0777, new byte[5000]).StaticData().Pages(1).Record(0x8000_0001).Tail().Record(0)
            .Image(0x0f00, new byte[100]).Image(0xffff);
        guest.Restore(image.ToArray());
        Assert.Equal(2, guest.Page(1)[0]);
        Assert.NotNull(guest.Dynamic);
    }

    [Fact]
    public void Version_two_needs_no_static_data_end_and_parameters_may_come_first()
    {
        using FakeGuest guest = new(8);
        guest.Restore(new StreamBytes().Start().Headers(version: 2).Pages(1).Record(0xa, new byte[8]).Context().End().ToArray());
        Assert.NotNull(guest.Static);
        Assert.NotNull(guest.Dynamic);
    }

    [Fact]
    public void Verify_compares_and_does_not_store()
    {
        using FakeGuest guest = new(8);
        guest.Restore(Begin().StaticData().Pages(1, 2).Record(0xd).Pages(1, 2).Zeros((3, 1)).Tail().End().ToArray());
        Assert.NotNull(guest.Dynamic);
    }

    [Fact]
    public void Frames_that_may_be_dirty_are_cleared_by_a_zero_range()
    {
        using FakeGuest guest = new(8) { FreshFramesAreZero = false };
        guest.Page(6).Fill(9);
        guest.Restore(Begin().StaticData().Zeros((0, 8)).Tail().End().ToArray());
        Assert.Equal(0, guest.Page(6)[0]);
    }

    [Fact]
    public void An_image_cut_short_anywhere_is_the_end_of_the_stream()
    {
        var image = Good(zero: true).Image(0xffff).ToArray();
        for (var length = 0; length < image.Length; length += length < 600 ? 1 : 97)
        {
            using FakeGuest guest = new(8);
            Assert.Throws<EndOfStreamException>(() => guest.Restore(image[..length]));
            Assert.True(guest.GuardsIntact);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Damaged_images_are_restored_or_refused_and_never_write_outside_the_guest(int seed)
    {
        var image = Good(zero: true).Image(0xffff).ToArray();
        Random random = new(seed);
        for (var round = 0; round < 400; round++)
        {
            var damaged = (byte[])image.Clone();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
            {
                // Most of the image is frame content, where a flip is no fault: aim at the structure as often.
                var at = random.Next(2) == 0 ? random.Next(400) : random.Next(damaged.Length);
                damaged[at] ^= (byte)(1 << random.Next(8));
            }

            AssertSurvives(damaged);
        }
    }

    [Theory]
    [InlineData(4)]
    [InlineData(5)]
    public void Random_bytes_in_any_phase_are_refused(int seed)
    {
        Random random = new(seed);
        for (var round = 0; round < 300; round++)
        {
            var noise = new byte[random.Next(2000)];
            random.NextBytes(noise);
            var prefix = random.Next(4) switch
            {
                0 => new StreamBytes(),
                1 => new StreamBytes().Start(),
                2 => Begin(),
                _ => Begin().StaticData().Pages(1),
            };
            AssertSurvives(prefix.Raw(noise).ToArray());
        }
    }

    private static void AssertSurvives(byte[] image)
    {
        using FakeGuest guest = new(8);
        try
        {
            guest.Restore(image);
        }
        catch (IOException error)
        {
            Assert.True(error is StreamError or EndOfStreamException, error.ToString());
        }

        Assert.True(guest.GuardsIntact);
    }

    private static StreamBytes Begin() => new StreamBytes().Start().Headers();

    private static StreamBytes Good(bool zero)
    {
        var image = Begin().StaticData().Pages(0, 1, Xtab | 2, 5);
        return (zero ? image.Zeros((3, 2)) : image).Tail().Record(0);
    }
}
