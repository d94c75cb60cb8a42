using Toolstack.Xapi.Placement;
using Xunit;

namespace Toolstack.Tests.Placement;

/// <summary>The memory model against numbers worked out by hand from its definition.</summary>
public sealed class MemoryModelTests
{
    [Theory]
    // kind, static max, target, vcpus, multiplier, shadow, overhead, footprint
    // shadow pages: ceil((256*1 + 2*256)/256) = 3; vcpu part ceil(38/256) = 1; internal 1, external 1.
    [InlineData("Hvm", 256, 256, 1, 1.0, 3, 6, 262)]
    [InlineData("Pvh", 256, 128, 1, 1.0, 3, 6, 134)]
    // PV has no internal extra and ignores the multiplier.
    [InlineData("Pv", 256, 256, 1, 4.0, 3, 5, 261)]
    // ceil((256*8 + 2*4096)/256) = 40, doubled; ceil(304/256) = 2.
    [InlineData("Hvm", 4096, 4096, 8, 2.0, 80, 84, 4180)]
    // A fraction is cut off after multiplying: 1.5 * 3 = 4.
    [InlineData("Hvm", 256, 256, 1, 1.5, 4, 7, 263)]
    // The shim takes 23 + 1024/90 = 34; ceil((256 + 2048)/256) = 9.
    [InlineData("PvInPvh", 1024, 1024, 1, 1.0, 9, 46, 1070)]
    public void FootprintIsTargetAndOverhead(
        string kind, long staticMax, long target, long vcpus, double multiplier, long shadow, long overhead, long footprint)
    {
        var model = new MemoryModel(Enum.Parse<DomainKind>(kind), staticMax, target, 0, vcpus, multiplier);
        Assert.Equal(shadow, model.Shadow);
        Assert.Equal(overhead, model.Overhead);
        Assert.Equal(footprint, model.Footprint);
    }

    [Fact]
    public void ShadowIsNeverLessThanOneMebibyte() =>
        Assert.Equal(1, new MemoryModel(DomainKind.Hvm, 16, 16, 0, 1, 0.1).Shadow);

    [Fact]
    public void VideoMemoryIsTakenOutOfTheBuild()
    {
        var model = new MemoryModel(DomainKind.Hvm, 512, 256, 8, 1, 1.0);
        Assert.Equal(504, model.BuildMax);
        Assert.Equal(248, model.BuildStart);
        Assert.Equal(513, model.XenMax);
    }

    [Fact]
    public void BytesAreRoundedUp()
    {
        Assert.Equal(1, MemoryModel.ToMiB(1));
        Assert.Equal(1, MemoryModel.ToMiB(1024 * 1024));
        Assert.Equal(2, MemoryModel.ToMiB(1024 * 1024 + 1));
    }
}
