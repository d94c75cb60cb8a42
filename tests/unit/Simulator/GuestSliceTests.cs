using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Guest;
using Toolstack.XenSimulator.Memory;
using Xunit;

namespace Toolstack.Tests.Simulator;

/// <summary>The program of the simulated guest in its memory.</summary>
public class GuestSliceTests
{
    [Fact]
    public void A_flaw_in_memory_is_found()
    {
        using GuestMemory memory = new("flawed", 64, spares: null);
        var slice = GuestSlice.Boot(memory, first: 0, pages: 64, wanted: 20, seed: 7, dirtyRate: 0);
        Assert.Equal(0, slice.Verify().Errors);
        var checksum = slice.Verify().Checksum;
        memory.Words(10)[100] ^= 1;
        Assert.Equal(1, slice.Verify().Errors);
        Assert.NotEqual(checksum, slice.Verify().Checksum);
        memory.Words(10)[100] ^= 1;
        memory.Words(60)[0] = 1;
        Assert.Equal(1, slice.Verify().Errors);
    }

    [Fact]
    public void Every_step_is_in_the_dirty_bitmap()
    {
        using GuestMemory memory = new("dirty", 64, spares: null);
        var slice = GuestSlice.Boot(memory, first: 0, pages: 64, wanted: 20, seed: 7, dirtyRate: 1000);
        memory.EnableLogDirty();
        using GuestMemory copy = new("copy", 64, spares: null);
        for (var i = 0; i < 64; i++)
        {
            memory.Words(i).CopyTo(copy.Words(i));
        }

        var debt = 0.0;
        slice.Tick(GuestLimits.BurstInterval);
        slice.Run(TimeSpan.FromMilliseconds(50), ref debt);
        var bitmap = new ulong[1];
        var count = memory.CleanLogDirty(bitmap);
        Assert.Equal(System.Numerics.BitOperations.PopCount(bitmap[0]), count);
        for (var i = 0; i < 64; i++)
        {
            var same = memory.Words(i).SequenceEqual(copy.Words(i));
            Assert.Equal(same, (bitmap[0] >> i & 1) == 0);
        }

        Assert.Equal(0, memory.CleanLogDirty(bitmap));
    }

    [Fact]
    public void Frames_given_up_are_gone_marked_and_no_flaw()
    {
        using GuestMemory memory = new("ballooned", 64, spares: null);
        var slice = GuestSlice.Boot(memory, first: 0, pages: 64, wanted: 40, seed: 7, dirtyRate: 1000);
        Assert.Equal((3, 42), slice.Frames);
        memory.EnableLogDirty();
        Assert.Equal(30, slice.GiveUp(30));
        Assert.Equal((3, 12), slice.Frames);
        var bitmap = new ulong[1];
        Assert.Equal(31, memory.CleanLogDirty(bitmap));
        Assert.False(memory.Words(30).ContainsAnyExcept(0UL));
        Assert.Equal(0, slice.Verify().Errors);
        Assert.Equal(9, slice.GiveUp(100));
        var debt = 0.0;
        slice.Run(TimeSpan.FromMilliseconds(50), ref debt);
        Assert.Equal(0, GuestSlice.Attach(memory, 0, slice.Counter).Verify().Errors);
        memory.Words(0)[1] = 5;
        Assert.Throws<HypercallError>(() => GuestSlice.Attach(memory, 0, slice.Counter));
    }
}
