using System.Collections.Immutable;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Domains;

/// <summary>The whole xenstore tree of a domain, path by path.</summary>
public class DomainTreeTests
{
    private const string Vm = "0f3a6c9e-1111-2222-3333-444455556666";
    private static readonly Guid Unique = Guid.Parse("99999999-aaaa-bbbb-cccc-dddddddddddd");

    [Fact]
    public void A_new_domain_has_the_whole_tree_with_permissions()
    {
        string[] expected =
        [
            "/local/domain/7 [n0 r7]",
            "/local/domain/7/action-request = poweroff",
            "/xenops/domain/7 [n0]",
            "/libxl/7 [n0]",
            $"/vm/{Vm} [n0 r7]",
            $"/vm/{Vm}/uuid = {Vm} [n0 r7]",
            $"/vm/{Vm}/name = guest [n0 r7]",
            $"/vm/{Vm}/domains/7 = /local/domain/7 [n0 r7]",
            $"/vm/{Vm}/domains/7/create-time = 123",
            $"/local/domain/7/vm = /vm/{Vm}",
            "/local/domain/7/name = guest",
            "/local/domain/7/cpu [n0 r7]",
            "/local/domain/7/memory [n0 r7]",
            "/local/domain/7/device [n7]",
            "/local/domain/7/device/vbd [n7]",
            "/local/domain/7/device/9pfs [n7]",
            "/local/domain/7/device/vif [n7]",
            "/local/domain/7/feature [n7]",
            "/local/domain/7/error [n7]",
            "/local/domain/7/drivers [n7]",
            "/local/domain/7/control [n7]",
            "/local/domain/7/attr [n7]",
            "/local/domain/7/xenserver/attr [n7]",
            "/local/domain/7/data [n7]",
            "/local/domain/7/messages [n7]",
            "/local/domain/7/vm-data [n7]",
            "/local/domain/7/hvmloader [n7]",
            "/local/domain/7/rrd [n7]",
            "/xenops/domain/7/device [n0]",
            "/xenops/domain/7/device/vbd [n0]",
            "/xenops/domain/7/device/9pfs [n0]",
            "/xenops/domain/7/device/vif [n0]",
            "/local/domain/7/vm-data/key = value",
            "/local/domain/7/platform/acpi_s3 = 0",
            "/local/domain/7/platform/acpi_s4 = 0",
            "/local/domain/7/platform/generation-id = gen",
            "/local/domain/7/platform/nx = true",
            "/local/domain/7/platform/vcpu/cap = 50",
            "/local/domain/7/platform/vcpu/current = 1",
            "/local/domain/7/platform/vcpu/number = 2",
            "/local/domain/7/platform/vcpu/weight = 512",
            "/local/domain/7/bios-strings/bios-vendor = Xen",
            "/local/domain/7/control/platform-feature-multiprocessor-suspend = 1",
            "/local/domain/7/control/platform-feature-xs_reset_watches = 1",
            "/local/domain/7/control/has-vendor-device = 0",
            $"/local/domain/7/unique-domain-id = {Unique}",
            "/local/domain/7/domain-type = pvh",
            "/local/domain/7/cpu/0/availability = online",
            "/local/domain/7/cpu/1/availability = offline",
            "/local/domain/7/memory/initial-target = 65536",
            "/local/domain/7/memory/initial-reservation = 69632",
            "/local/domain/7/memory/reservation-id = 3",
            "/local/domain/7/memory/dynamic-min = 32768",
            "/local/domain/7/memory/dynamic-max = 65536",
        ];
        Assert.Equal(expected, DomainTree.Create(New(MakeVm())).Select(Text));
        Assert.Equal(["/local/domain/7", "/xenops/domain/7", "/libxl/7"], DomainTree.Leftovers(7));
    }

    [Fact]
    public void Every_node_has_a_valid_path()
    {
        var odd = MakeVm() with
        {
            platformdata = ImmutableSortedDictionary<string, string>.Empty.Add("with space", "x").Add("", "x").Add("a//b", "x").Add("dot.ted", "x"),
            bios_strings = ImmutableSortedDictionary<string, string>.Empty.Add("../../0", "x"),
        };
        Assert.All(DomainTree.Create(New(odd)), static n => Assert.True(XenstorePath.IsValid(n.Path), n.Path));
    }

    [Theory]
    [InlineData("vm-data/a", true)]
    [InlineData("FIST/x", true)]
    [InlineData("platform/x", false)]
    [InlineData("vm-data/", false)]
    [InlineData("vm-data", false)]
    [InlineData("vm-data/a.b", false)]
    public void Only_the_guests_part_of_xsdata_is_written(string key, bool permitted) => Assert.Equal(permitted, XsData.IsPermitted(key));

    [Fact]
    public void A_netscaler_has_no_vif_directory_and_a_migrated_vm_names_its_final_id()
    {
        var vm = MakeVm() with { platformdata = ImmutableSortedDictionary<string, string>.Empty.Add("netscaler", "XSI-254") };
        var nodes = DomainTree.Create(New(vm, finalId: "final")).Select(Text).ToList();
        Assert.DoesNotContain("/local/domain/7/device/vif [n7]", nodes);
        Assert.Contains($"/vm/{Vm}/final-uuid = final [n0 r7]", nodes);
    }

    [Fact]
    public void Uefi_firmware_is_told_to_the_loader()
    {
        var vm = MakeVm() with { ty = new BuilderInfo.HVM(new HvmInfo { firmware = new Firmware.Uefi(new UefiFirmware()) }), has_vendor_device = true };
        var nodes = DomainTree.Create(New(vm) with { Kind = GuestKind.Hvm }).Select(Text).ToList();
        Assert.Contains("/local/domain/7/hvmloader/bios = ovmf", nodes);
        Assert.Contains("/local/domain/7/hvmloader/pci/xen-platform-pci-bar-uc = 0", nodes);
        Assert.Contains("/local/domain/7/control/has-vendor-device = 1", nodes);
        Assert.Contains("/local/domain/7/domain-type = hvm", nodes);
    }

    [Theory]
    [InlineData(GuestKind.Pv, "PV", false)]
    [InlineData(GuestKind.Pvh, "PVH", true)]
    [InlineData(GuestKind.PvInPvh, "PVH", true)]
    [InlineData(GuestKind.Hvm, "HVM", true)]
    public void A_built_domain_has_its_rings(GuestKind kind, string type, bool clock)
    {
        string[] expected =
        [
            "/local/domain/7/memory/static-max = 65536",
            "/local/domain/7/memory/target = 32768",
            "/local/domain/7/domid = 7",
            "/local/domain/7/store/port = 1",
            "/local/domain/7/store/ring-ref = 18446744073709551615",
            "/local/domain/7/console/port = 2",
            "/local/domain/7/console/ring-ref = 22",
            "/local/domain/7/console/limit = 65536",
            "/local/domain/7/console/type = xenconsoled",
            "/local/domain/7/serial/0/limit = 65536",
            $"/libxl/7/type = {type}",
            .. clock ? new[] { $"/vm/{Vm}/rtc/timeoffset = 3600" } : [],
        ];
        Built built = new(7, Vm, kind, 65536, 32768, 1, 2, new GuestRings(ulong.MaxValue, 22), "3600");
        var nodes = BuiltTree.Create(built);
        Assert.Equal(expected, nodes.Select(Text));

        // What waits for a guest that comes from an image, and what need not.
        string[] last = [expected[4], expected[6], expected[2]];
        Assert.Equal(last, BuiltTree.Last(nodes).Select(Text));
        Assert.Equal(expected.Except(last), BuiltTree.First(nodes).Select(Text));
    }

    [Fact]
    public void A_rename_rewrites_paths_and_values()
    {
        StoreNode[] nodes =
        [
            new("/vm/old", "", NodeAccess.ReadByGuest(7)), new("/vm/old/uuid", "old", NodeAccess.Private), new("/local/domain/7/vm", "/vm/old"),
            new("/local/domain/7/name", "guest"),
        ];
        Assert.Equal(
            ["/vm/new [n0 r7]", "/vm/new/uuid = new [n0]", "/local/domain/7/vm = /vm/new"], TreeRename.Rewritten(nodes, "old", "new").Select(Text));
    }

    internal static string Text(StoreNode node) =>
        node.Path + (node.Value.Length == 0 ? "" : $" = {node.Value}") + (node.Access is null ? "" : $" [{node.Access}]");

    private static NewTree New(Vm vm, string? finalId = null) => new(
        7,
        new DomainConfig(Vm, "guest", 64 << 20, 64 << 20, 64 << 20, 1, 2, vm.platformdata, finalId)
        {
            Description = new DomainDescription(vm, [], [], [], [], []),
        },
        GuestKind.Pvh,
        new InitialMemory(65536, 69632, 32768, 65536, "3"),
        123,
        Unique);

    private static Vm MakeVm() => new()
    {
        id = Vm,
        name = "guest",
        ty = new BuilderInfo.PVH(new PvInfo { boot = new PvBoot.Direct(new DirectBoot()) }),
        xsdata = ImmutableSortedDictionary<string, string>.Empty.Add("vm-data/key", "value").Add("secret/key", "value"),
        platformdata = ImmutableSortedDictionary<string, string>.Empty.Add("nx", "true"),
        bios_strings = ImmutableSortedDictionary<string, string>.Empty.Add("bios-vendor", "Xen"),
        scheduler_params = new SchedulerParams { priority = (512, 50) },
        generation_id = "gen",
        memory_static_max = 64 << 20,
        memory_dynamic_max = 64 << 20,
        memory_dynamic_min = 32 << 20,
        vcpu_max = 2,
        vcpus = 1,
    };
}
