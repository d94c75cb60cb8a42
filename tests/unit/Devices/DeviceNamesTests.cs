using Toolstack.Xapi.Devices;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Devices;

/// <summary>Numbers, names and addresses of devices.</summary>
public class DeviceNamesTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("255", 255)]
    [InlineData("256", null)]
    [InlineData("-1", null)]
    [InlineData("xvda", 0)]
    [InlineData("hdc", 2)]
    [InlineData("sdb", 1)]
    [InlineData("xvdz", 25)]
    [InlineData("xvdaa", 26)]
    [InlineData("xvdA", null)]
    [InlineData("", null)]
    [InlineData("xvd", null)]
    public void TheNumberOfADisk(string userdevice, int? number) => Assert.Equal(number, DeviceNames.DiskNumber(userdevice));

    [Fact]
    public void ANameMeansItsNumber() =>
        Assert.All(Enumerable.Range(0, 256), static number => Assert.Equal(number, DeviceNames.DiskNumber(DeviceNames.DiskName(number))));

    [Fact]
    public void TheFirstFourDisksOfAnHvmGuestAreOnIde()
    {
        Assert.Equal((DiskBus.Ide, 3, 0), DeviceNames.Position(hvm: true, 3));
        Assert.Equal((DiskBus.Xen, 4, 0), DeviceNames.Position(hvm: true, 4));
        Assert.Equal((DiskBus.Xen, 0, 0), DeviceNames.Position(hvm: false, 0));
    }

    [Fact]
    public void TakenDevicesAreNotFree()
    {
        Assert.Equal(["1", "3"], DeviceNames.FreeDisks(["0", "xvdc"]).Take(2));
        Assert.Equal(["0", "2", "3", "4", "5", "6"], DeviceNames.FreeInterfaces(["1"]));
    }

    [Fact]
    public void AGeneratedAddressIsTheSameEachTimeAndLocal()
    {
        string mac = DeviceNames.GenerateMac("seed", "0");
        Assert.Equal(mac, DeviceNames.GenerateMac("seed", "0"));
        Assert.NotEqual(mac, DeviceNames.GenerateMac("seed", "1"));
        Assert.True(DeviceNames.IsMac(mac));
        Assert.Equal(2, Convert.ToInt32(mac[..2], 16) & 3);
    }

    [Theory]
    [InlineData("02:00:00:00:00:01", true)]
    [InlineData("01:00:00:00:00:01", false)]
    [InlineData("02:00:00:00:00", false)]
    [InlineData("02:00:00:00:00:0g", false)]
    public void AnAddressIsSixOctetsOfOneStation(string text, bool valid) => Assert.Equal(valid, DeviceNames.IsMac(text));
}
