using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Rules;

/// <summary>Messages of SRs, VDIs, PBDs, VBDs and VIFs beside those that make and attach them.</summary>
public sealed class StorageRuleTests(StorageFixture fixture) : RuleTests(fixture), IClassFixture<StorageFixture>
{
    private const long Mib = 1024 * 1024;

    private readonly StorageFixture fixture = fixture;

    [Fact]
    public async Task ARepositoryTakesItsNamesBlobsAndSharing()
    {
        var self = fixture.Repository;
        Assert.Equal(["file"], await TextsAsync("SR.get_supported_types"));
        await CallAsync("SR.set_name_label", self, "shelf");
        await CallAsync("SR.set_name_description", self, "the upper one");
        await CallAsync("SR.update", self);
        var record = await Client.MapAsync("SR.get_record", Cancel, self);
        Assert.Equal(("shelf", "the upper one"), ((string)record["name_label"], (string)record["name_description"]));

        var blob = await TextAsync("SR.create_new_blob", self, "plan", "text/plain", true);
        Assert.Equal(blob, (await Client.MapAsync("SR.get_blobs", Cancel, self))["plan"]);
        Assert.True((bool)await CallAsync("blob.get_public", blob));
        await FailsAsync(["HANDLE_INVALID", "SR", "OpaqueRef:none"], "SR.create_new_blob", "OpaqueRef:none", "plan", "", false);
        await CallAsync("blob.destroy", blob);

        var error = await Assert.ThrowsAsync<XenApiFailure>(() => CallAsync("SR.set_shared", self, false));
        Assert.Equal("SR_HAS_MULTIPLE_PBDS", error.Code);
        Assert.Contains(error.Description[1], await TextsAsync("SR.get_PBDs", self));
        await CallAsync("SR.set_shared", self, true);
        await FailsAsync(["SR_HAS_PBD", self], "SR.forget", self);
        await FailsAsync(["SR_UUID_EXISTS", await TextAsync("SR.get_uuid", self)],
            "SR.introduce", await TextAsync("SR.get_uuid", self), "again", "", "file", "user", true, new Dictionary<string, string>());
        await FailsAsync(["SR_UNKNOWN_DRIVER", "tape"], "SR.introduce", "", "tapes", "", "tape", "user", true, new Dictionary<string, string>());
    }

    [Fact]
    public async Task ARepositoryIsEnteredByHandAndItsWaysAreItsHosts()
    {
        var self = await TextAsync("SR.introduce", "", "by hand", "", "file", "user", false, new Dictionary<string, string>());
        await CallAsync("SR.set_physical_size", self, 12345L);
        Assert.Equal("12345", await TextAsync("SR.get_physical_size", self));
        var (first, second) = (await fixture.HostRefAsync(1, Cancel), await fixture.HostRefAsync(2, Cancel));
        var way = await TextAsync("PBD.create", Way(self, first));
        Assert.Equal(way, await TextAsync("PBD.create", Way(self, first)));
        await FailsAsync(["SR_NOT_SHARABLE", self, second], "PBD.create", Way(self, second));
        await CallAsync("PBD.set_device_config", way, new Dictionary<string, string> { ["location"] = "/elsewhere" });
        Assert.Equal("/elsewhere", (await Client.MapAsync("PBD.get_device_config", Cancel, way))["location"]);

        var attached = (await TextsAsync("SR.get_PBDs", fixture.Repository))[0];
        await FailsAsync(["OPERATION_NOT_ALLOWED", "PBD is currently attached"], "PBD.set_device_config", attached, fixture.Config);
        await FailsAsync(["OPERATION_NOT_ALLOWED", "PBD is currently attached"], "PBD.destroy", attached);
        await CallAsync("PBD.destroy", way);
        Assert.Empty(await TextsAsync("SR.get_PBDs", self));
        await CallAsync("SR.forget", self);
        await FailsAsync(["HANDLE_INVALID", "SR", self], "SR.forget", self);
    }

    [Fact]
    public async Task AVdiTakesItsSettingsAndIsForgottenAndFound()
    {
        var vdi = await fixture.CreateDiskAsync(16 * Mib, Cancel);
        foreach (var value in new[] { "reset", "persist" })
        {
            await FailsAsync(["SR_OPERATION_NOT_SUPPORTED", fixture.Repository], "VDI.set_on_boot", vdi, value);
        }

        await CallAsync("VDI.set_allow_caching", vdi, true);
        Assert.True((bool)await CallAsync("VDI.get_allow_caching", vdi));
        await CallAsync("VDI.set_name_label", vdi, "spare");
        await CallAsync("VDI.set_name_description", vdi, "not in use");
        await CallAsync("VDI.set_sharable", vdi, true);
        Assert.DoesNotContain("snapshot", await TextsAsync("VDI.get_allowed_operations", vdi));
        await FailsAsync(["VDI_IS_SHARABLE", vdi], "VDI.snapshot", vdi, new Dictionary<string, string>());
        await CallAsync("VDI.set_sharable", vdi, false);
        Assert.Contains("snapshot", await TextsAsync("VDI.get_allowed_operations", vdi));
        await CallAsync("VDI.update", vdi);

        var copy = await TextAsync("VDI.copy", vdi, fixture.Repository);
        await CallAsync("VDI.set_read_only", copy, true);
        await FailsAsync(["VDI_READONLY", copy], "VDI.copy", vdi, NoRef, NoRef, copy);
        await CallAsync("VDI.destroy", copy);

        var uuid = await TextAsync("VDI.get_uuid", vdi);
        await CallAsync("VDI.forget", vdi);
        await FailsAsync(["HANDLE_INVALID", "VDI", vdi], "VDI.get_uuid", vdi);
        var found = await TextAsync("VDI.introduce", uuid, "found", "", fixture.Repository, "user", false, false, new Dictionary<string, string>(), uuid);
        Assert.Equal((uuid, "found"), (await TextAsync("VDI.get_uuid", found), await TextAsync("VDI.get_name_label", found)));
        var absent = Guid.NewGuid().ToString();
        await FailsAsync(["VDI_LOCATION_MISSING", fixture.Repository, absent],
            "VDI.introduce", absent, "", "", fixture.Repository, "user", false, false, new Dictionary<string, string>(), absent);
        await CallAsync("VDI.destroy", found);
    }

    [Fact]
    public async Task DrivesAreFilledEmptiedAndSetWhileTheirVmIsHalted()
    {
        var vdi = await fixture.CreateDiskAsync(16 * Mib, Cancel);
        var vm = await TestVm.CreateAsync(Client, "drives", 32, 0, Cancel);
        var disk = await fixture.AttachAsync(vm, vdi, "0", Cancel);
        var drive = await fixture.AttachAsync(vm, NoRef, "1", Cancel, "CD");
        await FailsAsync(["VBD_CDS_MUST_BE_READONLY"], "VBD.set_mode", drive, "RW");
        await FailsAsync(["VBD_NOT_REMOVABLE_MEDIA", disk], "VBD.eject", disk);
        await FailsAsync(["VBD_IS_EMPTY", drive], "VBD.eject", drive);
        await CallAsync("VBD.assert_attachable", drive);
        await CallAsync("VBD.insert", drive, vdi);
        Assert.Equal(vdi, await TextAsync("VBD.get_VDI", drive));
        await FailsAsync(["VBD_NOT_EMPTY", drive], "VBD.insert", drive, vdi);
        await CallAsync("VBD.eject", drive);
        Assert.True((bool)await CallAsync("VBD.get_empty", drive));

        await CallAsync("VBD.set_mode", disk, "RO");
        await CallAsync("VDI.set_read_only", vdi, true);
        await CallAsync("VBD.assert_attachable", disk);
        await CallAsync("VBD.set_mode", disk, "RW");
        await FailsAsync(["VDI_READONLY", vdi], "VBD.assert_attachable", disk);
        await CallAsync("VDI.set_read_only", vdi, false);

        await CallAsync("VM.start", vm, false, false);
        await FailsAsync(["VM_BAD_POWER_STATE", vm, "halted", "running"], "VBD.set_mode", disk, "RO");
        await CallAsync("VBD.unplug_force", disk);
        Assert.False((bool)await CallAsync("VBD.get_currently_attached", disk));
        await FailsAsync(["DEVICE_ALREADY_DETACHED", disk], "VBD.unplug_force", disk);
        await CallAsync("VM.hard_shutdown", vm);
        await CallAsync("VM.destroy", vm);
        await CallAsync("VDI.destroy", vdi);
    }

    [Fact]
    public async Task InterfacesAreLockedAddressedAndMoved()
    {
        var vm = await TestVm.CreateAsync(Client, "interfaces", 32, 0, Cancel);
        var vif = await fixture.AddInterfaceAsync(vm, Cancel);
        await FailsAsync(["INVALID_IP_ADDRESS_SPECIFIED", "ipv4_allowed"], "VIF.set_ipv4_allowed", vif, new[] { "192.0.2.300" });
        await FailsAsync(["INVALID_IP_ADDRESS_SPECIFIED", "ipv6_allowed"], "VIF.add_ipv6_allowed", vif, "192.0.2.3");
        await CallAsync("VIF.set_ipv4_allowed", vif, new[] { "192.0.2.3", "192.0.2.3" });
        await CallAsync("VIF.add_ipv4_allowed", vif, "192.0.2.4");
        await CallAsync("VIF.remove_ipv4_allowed", vif, "192.0.2.3");
        Assert.Equal(["192.0.2.4"], await TextsAsync("VIF.get_ipv4_allowed", vif));
        await CallAsync("VIF.set_ipv6_allowed", vif, new[] { "2001:db8::1" });
        await CallAsync("VIF.add_ipv6_allowed", vif, "2001:db8::2");
        await CallAsync("VIF.remove_ipv6_allowed", vif, "2001:db8::1");
        Assert.Equal(["2001:db8::2"], await TextsAsync("VIF.get_ipv6_allowed", vif));
        await FailsAsync(["INVALID_CIDR_ADDRESS_SPECIFIED", "address"], "VIF.configure_ipv6", vif, "Static", "2001:db8::5", "");
        await CallAsync("VIF.configure_ipv6", vif, "Static", "2001:db8::5/64", "2001:db8::ff");
        Assert.Equal(["2001:db8::5/64"], await TextsAsync("VIF.get_ipv6_addresses", vif));
        await CallAsync("VIF.configure_ipv6", vif, "None");
        Assert.Empty(await TextsAsync("VIF.get_ipv6_addresses", vif));
        await CallAsync("VIF.configure_ipv4", vif, "Static", "192.0.2.5/24");
        await FailsAsync(["HANDLE_INVALID", "network", "OpaqueRef:none"], "VIF.move", vif, "OpaqueRef:none");

        await CallAsync("VM.start", vm, false, false);
        var other = await fixture.NetworkAsync(Cancel);
        await CallAsync("VIF.move", vif, other);
        Assert.Equal([vif], await TextsAsync("network.get_VIFs", other));
        await CallAsync("VIF.set_ipv4_allowed", vif, Array.Empty<string>());
        await CallAsync("VIF.unplug_force", vif);
        await FailsAsync(["DEVICE_ALREADY_DETACHED", vif], "VIF.unplug_force", vif);
        await CallAsync("VM.hard_shutdown", vm);
        await CallAsync("VM.destroy", vm);
        await CallAsync("network.destroy", other);
    }

    private Dictionary<string, object> Way(string repository, string host) => new()
    {
        ["host"] = host,
        ["SR"] = repository,
        ["device_config"] = fixture.Config,
        ["other_config"] = new Dictionary<string, string>(),
    };
}
