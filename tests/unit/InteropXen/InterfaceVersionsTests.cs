using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen;
using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Hypercalls;
using Xunit;

namespace Toolstack.Tests.InteropXen;

public sealed class InterfaceVersionsTests
{
    [Theory]
    [InlineData(0x15u, 0x15u)]
    [InlineData(0x16u, 0x18u)]
    public void FindsTheVersionsThatXenSpeaks(uint sysctl, uint domctl)
    {
        var found = InterfaceVersions.Probe(version => Speaks(sysctl, version), version => Speaks(domctl, version));
        Assert.Equal(new InterfaceVersions(sysctl, domctl), found);
    }

    [Fact]
    public void AnUnknownXenIsNamed()
    {
        var error = Assert.Throws<HypervisorError>(() => InterfaceVersions.Probe(version => Speaks(0x99, version), _ => { }));
        Assert.Equal(LibC.EACCES, error.Errno);
        Assert.Contains("sysctl", error.Operation, StringComparison.Ordinal);
    }

    [Fact]
    public void AnErrorThatIsNoVersionIsPassedOn()
    {
        var error = Assert.Throws<HypervisorError>(() =>
            InterfaceVersions.Probe(_ => throw new HypervisorError("sysctl physinfo", LibC.EPERM), _ => { }));
        Assert.Equal(LibC.EPERM, error.Errno);
    }

    [Fact]
    public unsafe void TheArenaWithoutTheDeviceIsZeroedAndBounded()
    {
        using var arena = HypercallArena.Create(1, device: "/nonexistent/hypercall");
        Assert.False(arena.FromDevice);
        var first = arena.Zeroed<Domctl>();
        first->Domain = 7;
        Assert.Equal(0, arena.Zeroed<Domctl>()->Domain);
        Assert.Throws<ArgumentOutOfRangeException>(() => arena.Bytes(4000, 97));
    }

    [Fact]
    public unsafe void ADomainIsDescribedFromItsFlags()
    {
        var info = new DomainInfoLayout { Domain = 3, Flags = 0x2 | 0x4 | 0x8 | (2u << 16), TotalPages = 256, MaxPages = 512, OnlineVcpus = 2, CpuTime = 5_000 };
        for (byte index = 0; index < 16; index++)
        {
            info.Handle[index] = index;
        }

        var domain = XenHost.Describe(in info);
        Assert.Equal(new XenDomain(3, Guid.Parse("00010203-0405-0607-0809-0a0b0c0d0e0f"), Paused: true, Dying: false, ShutdownCode: 2,
            1 << 20, 2 << 20, 2, TimeSpan.FromMicroseconds(5)), domain);
    }

    private static void Speaks(uint spoken, uint version)
    {
        if (version != spoken)
        {
            throw new HypervisorError("probe", LibC.EACCES);
        }
    }
}
