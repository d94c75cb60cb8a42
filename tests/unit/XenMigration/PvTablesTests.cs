using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Xenopsd.Backends.Xen.Migration;
using Xunit;

namespace Toolstack.Tests.XenMigration;

/// <summary>Frame numbers in page tables, and which frames there are.</summary>
public class PvTablesTests
{
    private const ulong Flags = 0x8000_0000_0000_0067;

    [Fact]
    public void Present_entries_are_translated_and_their_flags_kept()
    {
        var table = new ulong[512];
        table[0] = 0x1234_000 | Flags;
        table[1] = 0x1234_000;
        table[511] = 0x5000 | Flags;
        PvTables.Translate(table, table, level: 1, static frame => frame + 1);
        Assert.Equal(0x1235_000 | Flags, table[0]);
        Assert.Equal(0x1234_000UL, table[1]);
        Assert.Equal(0x6000 | Flags, table[511]);
    }

    [Theory]
    [InlineData(4, true)]
    [InlineData(3, false)]
    public void Only_the_top_level_has_entries_of_Xens_own(int level, bool cleared)
    {
        var table = new ulong[512];
        Array.Fill(table, 0x7000UL | 1);
        PvTables.Translate(table, table, level, static frame => frame);
        Assert.Equal(cleared ? 16 : 0, table.Count(static entry => entry == 0));
        Assert.Equal(cleared, table[256] == 0 && table[271] == 0);
        Assert.NotEqual(0UL, table[255]);
        Assert.NotEqual(0UL, table[272]);
    }

    [Fact]
    public void A_large_page_is_refused_above_the_first_level_only()
    {
        ulong[] table = [0x7000 | 0x81];
        PvTables.Translate(table, table, level: 1, static frame => frame);
        Assert.Throws<HypervisorError>(() => PvTables.Translate(table, table, level: 2, static frame => frame));
    }

    [Fact]
    public void Runs_of_a_set_are_found_across_words()
    {
        FrameSet set = new(200);
        foreach (var pfn in Enumerable.Range(60, 70).Append(5).Append(199).Append(199))
        {
            set.Add(pfn);
        }

        Assert.Equal(72, set.Count);
        Assert.Equal((5L, 6L), set.NextRun(0));
        Assert.Equal((60L, 130L), set.NextRun(6));
        Assert.Equal((100L, 130L), set.NextRun(100));
        Assert.Equal((199L, 200L), set.NextRun(130));
        Assert.Equal((200L, 200L), set.NextRun(200));
        set.Clear();
        Assert.Equal((200L, 200L), set.NextRun(0));
    }

    [Fact]
    public void Registers_name_frames_as_Xen_and_the_stream_have_them()
    {
        var context = new byte[XenGuest.VcpuContextBytes];
        PvRegisters registers = new(context) { Root = 7 };
        Assert.Equal(7UL << 12, BitConverter.ToUInt64(context, 4984 + 24));
        Assert.False(registers.HasUserRoot);
        registers.SetStreamUserRoot(9);
        Assert.Equal(9UL << 12 | 1, BitConverter.ToUInt64(context, 4984 + 8));
        Assert.Equal(9UL, registers.UserRoot);
        BitConverter.TryWriteBytes(context.AsSpan(4960), 513UL);
        Assert.Equal(2, registers.GdtFrames);
        registers.SetOnline();
        Assert.Equal(0x20UL, BitConverter.ToUInt64(context, 512));
    }

    [Fact]
    public void The_shared_page_keeps_no_events_of_its_former_domain()
    {
        var former = new byte[4096];
        former.AsSpan().Fill(0x55);
        var page = new byte[4096];
        new PvSharedInfo(page).Adopt(former);
        Assert.Equal(0, page[0]);
        Assert.Equal(0x55, page[1]);
        Assert.All(page[8..16], static b => Assert.Equal(0, b));
        Assert.All(page[2048..2560], static b => Assert.Equal(0, b));
        Assert.All(page[2560..3072], static b => Assert.Equal(0xff, b));
        Assert.All(page[3072..3088], static b => Assert.Equal(0, b));
        Assert.Equal(0x5555_5555_5555_5555, new PvSharedInfo(page).FrameCount);
        Assert.Equal(0UL, new PvSharedInfo(page).FrameListList);
    }
}
