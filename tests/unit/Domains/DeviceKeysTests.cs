using System.Collections.Immutable;
using Toolstack.Xenopsd.Backends.Domains.Devices;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Domains;

/// <summary>Numbers, names and xenstore nodes of devices.</summary>
public class DeviceKeysTests
{
    private const string Vm = "0f3a6c9e-1111-2222-3333-444455556666";

    [Theory]
    [InlineData("xvda", 51712, "xvda")]
    [InlineData("xvdb1", 51729, "xvdb1")]
    [InlineData("xvdp", 51952, "xvdp")]
    [InlineData("xvdq", 268439552, "xvdq")]
    [InlineData("xvdaa", 268442112, "xvdaa")]
    [InlineData("0", 51712, "xvda")]
    [InlineData("3", 51760, "xvdd")]
    [InlineData("hda", 768, "xvda")]
    [InlineData("hdb", 832, "xvdb")]
    [InlineData("hdc2", 5634, "xvdc2")]
    [InlineData("sda", 2048, "sda")]
    [InlineData("fda", 51968, "fda")]
    public void Disks_have_numbers(string name, int id, string linux)
    {
        var number = DiskNumber.Parse(name);
        Assert.NotNull(number);
        Assert.Equal((id, linux), (number.Value.Id, number.Value.LinuxName));
    }

    [Theory]
    [InlineData("")]
    [InlineData("xvd")]
    [InlineData("xvdA")]
    [InlineData("xvda1x")]
    [InlineData("nvme0")]
    [InlineData("-1")]
    public void What_names_no_disk_is_refused(string name) => Assert.Null(DiskNumber.Parse(name));

    [Fact]
    public void The_position_goes_before_the_name() =>
        Assert.Equal(51728, DiskNumber.Of(new Vbd { id = (Vm, "xvda"), position = (DiskBus.Xen, 1, 0) }).Id);

    [Fact]
    public void A_disk_has_both_ends()
    {
        Vbd vbd = new()
        {
            id = (Vm, "xvda"),
            mode = VbdMode.ReadOnly,
            backend = new Disk.Local("/dev/sdb"),
            unpluggable = false,
            extra_backend_keys = ImmutableSortedDictionary<string, string>.Empty.Add("sm-data/scsi", "x"),
            extra_private_keys = ImmutableSortedDictionary<string, string>.Empty.Add("static", "y"),
        };
        string[] expected =
        [
            "/local/domain/7/device/vbd/51712 [n7 r0]",
            "/xenops/domain/7/device/vbd/51712 [n0]",
            "/local/domain/0/backend/vbd/7/51712 [n0 r7]",
            $"/xapi/{Vm}/hotplug/7/vbd/51712 [n0]",
            $"/xapi/{Vm}/private/vbd/51712 [n0]",
            "/local/domain/7/xenserver/device/vbd/51712 [n7]",
            "/local/domain/0/backend/vbd/7/51712/frontend-id = 7",
            "/local/domain/0/backend/vbd/7/51712/online = 1",
            "/local/domain/0/backend/vbd/7/51712/removable = 0",
            "/local/domain/0/backend/vbd/7/51712/state = 1",
            "/local/domain/0/backend/vbd/7/51712/dev = xvda",
            "/local/domain/0/backend/vbd/7/51712/type = phy",
            "/local/domain/0/backend/vbd/7/51712/mode = r",
            "/local/domain/0/backend/vbd/7/51712/params = /dev/sdb",
            "/local/domain/0/backend/vbd/7/51712/sm-data/scsi = x",
            "/local/domain/0/backend/vbd/7/51712/vdi = [\"Local\",\"/dev/sdb\"]",
            "/local/domain/0/backend/vbd/7/51712/physical-device = 8:10",
            "/local/domain/0/backend/vbd/7/51712/frontend = /local/domain/7/device/vbd/51712",
            $"/xapi/{Vm}/private/vbd/51712/backend-kind = vbd",
            $"/xapi/{Vm}/private/vbd/51712/backend-id = 0",
            $"/xapi/{Vm}/private/vbd/51712/static = y",
            $"/xapi/{Vm}/private/vbd/51712/vdi-id = [\"Local\",\"/dev/sdb\"]",
            $"/xapi/{Vm}/private/vbd/51712/vbd-id = xvda",
            "/xenops/domain/7/device/vbd/51712/backend = /local/domain/0/backend/vbd/7/51712",
            "/local/domain/7/device/vbd/51712/backend-id = 0",
            "/local/domain/7/device/vbd/51712/state = 1",
            "/local/domain/7/device/vbd/51712/virtual-device = 51712",
            "/local/domain/7/device/vbd/51712/device-type = disk",
            "/local/domain/7/device/vbd/51712/backend = /local/domain/0/backend/vbd/7/51712",
        ];
        var nodes = DeviceTree.Create(VbdKeys.Address(Vm, 7, vbd), VbdKeys.Create(vbd, 7, new DiskSource("/dev/sdb", "phy", "8:10")));
        Assert.Equal(expected, nodes.Select(DomainTreeTests.Text));
    }

    [Fact]
    public void A_disk_comes_back_from_its_text()
    {
        foreach (Disk disk in new Disk[] { new Disk.Local("/a b"), new Disk.VDI("sr/vdi") })
        {
            Assert.Equal(disk, VbdKeys.Read(VbdKeys.Text(disk)));
        }

        Assert.Null(VbdKeys.Read(VbdKeys.Text(null)));
        Assert.Null(VbdKeys.Read("[\"Tape\"]"));
        Assert.Null(VbdKeys.Read("["));
    }

    [Fact]
    public void An_interface_has_both_ends()
    {
        Vif vif = new()
        {
            id = (Vm, "0"),
            position = 1,
            mac = "00:16:3e:00:00:01",
            mtu = 9000,
            rate = (100, 0),
            backend = new Network.Local("xapi1"),
            other_config = ImmutableSortedDictionary<string, string>.Empty.Add("ethtool-tx", "off").Add("other", "x"),
            locking_mode = new LockingMode.Locked(new LockedAddresses { ipv4 = ["10.0.0.1", "10.0.0.2"] }),
            trunks = [3, 4],
            ipv4_configuration = new Ipv4Configuration.Static4(["10.0.0.1/24"], "10.0.0.254"),
            pvs_proxy = ("site", [new PvsServer { addresses = ["10.1.1.1"], first_port = 1, last_port = 2 }], "pvs0"),
        };
        var keys = VifKeys.Create(vif, 7, "/scripts");
        Assert.Equal("backend-id=0 state=1 handle=1 mac=00:16:3e:00:00:01 disconnect=0 mtu=9000", Join(keys.Frontend));
        Assert.Equal(
            "frontend-id=7 online=1 state=1 script=/scripts/vif mac=00:16:3e:00:00:01 handle=1 rate=5120,50000", Join(keys.Backend));
        Assert.Equal(
            "vif-id=0 mac=00:16:3e:00:00:01 trunks=3 4 MTU=9000 bridge=xapi1 bridge-MAC=fe:ff:ff:ff:ff:ff rate=100 timeslice=0 "
            + "other-config/ethtool-tx=off locking-mode=locked ipv4-allowed=10.0.0.1,10.0.0.2 ipv6-allowed= setup-vif-rules=/scripts/setup-vif-rules "
            + "pvs-site=site pvs-interface=pvs0 pvs-server-num=1 setup-pvs-proxy-rules=/scripts/setup-pvs-proxy-rules "
            + "pvs-server-0-addresses=10.1.1.1 pvs-server-0-ports=1-2 xenopsd-backend=classic",
            Join(keys.Private));
        Assert.Equal(
            "static-ip-setting/mac=00:16:3e:00:00:01 static-ip-setting/enabled=1 static-ip-setting/address=10.0.0.1/24 "
            + "static-ip-setting/gateway=10.0.0.254 static-ip-setting/error-code=0 static-ip-setting/error-msg=",
            Join(keys.Extra));
        Assert.Equal("/local/domain/0/backend/vif/7/1", VifKeys.Address(Vm, 7, vif).Backend);
    }

    [Theory]
    [InlineData(true, false, false)]
    [InlineData(false, false, true)]
    [InlineData(true, true, true)]
    public void A_disabled_interface_is_without_cable(bool carrier, bool disabled, bool disconnected)
    {
        Vif vif = new() { carrier = carrier, locking_mode = disabled ? new LockingMode.Disabled() : new LockingMode.Unlocked() };
        Assert.Equal(disconnected, VifKeys.IsDisconnected(vif));
    }

    [Fact]
    public void A_rate_beyond_32_bits_is_no_rate() =>
        Assert.DoesNotContain(VifKeys.Create(new Vif { rate = (long.MaxValue / 2048, 1_000_000) }, 7, "/s").Backend, static k => k.Key == "rate");

    [Fact]
    public void An_address_is_made_where_none_is_stated()
    {
        Vif vif = new() { id = (Vm, "0"), mac = "" };
        Assert.Equal(VifKeys.Mac(vif), VifKeys.Mac(vif));
        Assert.NotEqual(VifKeys.Mac(vif), VifKeys.Mac(vif with { position = 1 }));
        Vif random = vif with { mac = "random" };
        Assert.NotEqual(VifKeys.Mac(random), VifKeys.Mac(random));
        Assert.Equal(2, Convert.ToInt32(VifKeys.Mac(random)[..2], 16) & 3);
    }

    [Theory]
    [InlineData("0000:03:00.0", true)]
    [InlineData("0000:af:1f.7", true)]
    [InlineData("03:00.0", false)]
    [InlineData("x", false)]
    [InlineData(null, false)]
    public void A_pci_address_is_read(string? text, bool valid) => Assert.Equal(valid ? text : null, PciKeys.Parse(text)?.ToString());

    private static string Join(IEnumerable<KeyValuePair<string, string>> keys) => string.Join(' ', keys.Select(static k => $"{k.Key}={k.Value}"));
}
