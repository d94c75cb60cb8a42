using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Xunit;

namespace Toolstack.Tests.Domains;

/// <summary>The memory of a domain in MiB, by kind and size.</summary>
public class MemoryModelTests
{
    // 256 pages a vCPU and two a MiB of guest, in whole MiB, times the multiplier.
    [Theory]
    [InlineData(GuestKind.Pvh, 256, 1, 1.0, 3)]
    [InlineData(GuestKind.Pvh, 256, 4, 1.0, 6)]
    [InlineData(GuestKind.Pvh, 4096, 2, 1.0, 34)]
    [InlineData(GuestKind.Hvm, 4096, 2, 1.5, 51)]
    [InlineData(GuestKind.Hvm, 1, 1, 0.1, 1)]
    [InlineData(GuestKind.Pv, 4096, 2, 1.0, 0)]
    public void Shadow(GuestKind kind, long mib, int vcpus, double multiplier, long expected) =>
        Assert.Equal(expected, MemoryModel.Shadow(kind, mib, vcpus, multiplier));

    [Theory]
    [InlineData(GuestKind.PvInPvh, 1024, 34)]
    [InlineData(GuestKind.PvInPvh, 89, 23)]
    [InlineData(GuestKind.Pvh, 1024, 0)]
    [InlineData(GuestKind.Pv, 1024, 0)]
    public void Shim(GuestKind kind, long mib, long expected) => Assert.Equal(expected, MemoryModel.Shim(kind, mib));

    // internal + external + shadow + 38 pages a vCPU + shim
    [Theory]
    [InlineData(GuestKind.Pv, 1024, 2, 0 + 1 + 0 + 1 + 0)]
    [InlineData(GuestKind.Pvh, 1024, 2, 1 + 1 + 10 + 1 + 0)]
    [InlineData(GuestKind.Pvh, 1024, 16, 1 + 1 + 24 + 3 + 0)]
    [InlineData(GuestKind.PvInPvh, 1024, 2, 1 + 1 + 10 + 1 + 34)]
    public void Overhead(GuestKind kind, long mib, int vcpus, long expected)
    {
        Assert.Equal(expected, MemoryModel.Overhead(kind, mib, vcpus, 1.0));
        Assert.Equal(512 + expected, MemoryModel.RequiredHostFree(kind, mib, 512, vcpus, 1.0));
    }

    [Theory]
    [InlineData(GuestKind.Pv, 1024, 1024, 1024)]
    [InlineData(GuestKind.Pvh, 1024, 1025, 1024)]
    [InlineData(GuestKind.PvInPvh, 1024, 1059, 1058)]
    public void Bounds_of_a_domain(GuestKind kind, long mib, long xenMax, long buildMax)
    {
        Assert.Equal(xenMax, MemoryModel.XenMax(kind, mib));
        Assert.Equal(buildMax, MemoryModel.BuildMax(kind, mib, videoMib: 0));
        Assert.Equal(buildMax - 4, MemoryModel.BuildStart(kind, mib, videoMib: 4));
        Assert.Equal(256 * (buildMax - 4), MemoryModel.ClaimPages(kind, mib, videoMib: 4));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 1)]
    [InlineData(1 << 20, 1)]
    [InlineData((1 << 20) + 1, 2)]
    public void Bytes_are_rounded_up(long bytes, long mib) => Assert.Equal(mib, MemoryModel.MibOf(bytes));
}
