using System.Runtime.InteropServices;
using Toolstack.Interop.Xen.Abi;
using Xunit;

namespace Toolstack.Tests.InteropXen;

/// <summary>Sizes and offsets as compiled from Xen's and Linux's own headers (Xen 4.17, x86-64).</summary>
public sealed class AbiLayoutTests
{
    [Fact]
    public unsafe void StructuresHaveTheSizesOfTheHeaders()
    {
        Assert.Equal(48, sizeof(PrivcmdHypercall));
        Assert.Equal(32, sizeof(PrivcmdMmapBatchV2));
        Assert.Equal(32, sizeof(PrivcmdMmapResource));
        Assert.Equal(144, sizeof(Domctl));
        Assert.Equal(136, sizeof(Sysctl));
        Assert.Equal(112, sizeof(DomainInfoLayout));
        Assert.Equal(112, sizeof(PhysInfoLayout));
    }

    [Theory]
    [InlineData(typeof(Domctl), "Info", 16)]
    [InlineData(typeof(Sysctl), "PhysInfo", 8)]
    [InlineData(typeof(DomainInfoLayout), "Flags", 4)]
    [InlineData(typeof(DomainInfoLayout), "SharedInfoFrame", 48)]
    [InlineData(typeof(DomainInfoLayout), "Handle", 76)]
    [InlineData(typeof(DomainInfoLayout), "CpuPool", 92)]
    [InlineData(typeof(DomainInfoLayout), "EmulationFlags", 104)]
    [InlineData(typeof(PhysInfoLayout), "TotalPages", 40)]
    [InlineData(typeof(PhysInfoLayout), "MaxFrame", 72)]
    [InlineData(typeof(DomainInfoListLayout), "Count", 16)]
    [InlineData(typeof(PrivcmdMmapBatchV2), "Errors", 24)]
    [InlineData(typeof(PrivcmdMmapResource), "Address", 24)]
    public void FieldsStandWhereTheHeadersPutThem(Type structure, string field, int offset) =>
        Assert.Equal(offset, (int)Marshal.OffsetOf(structure, field));
}
