using System.Globalization;
using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Rules;

/// <summary>Messages of class VM whose rules need no running guest, and what they say to one that runs.</summary>
public sealed class VmRuleTests(PoolFixture fixture) : RuleTests(fixture), IClassFixture<PoolFixture>
{
    private const long Mib = 1024 * 1024;

    private readonly PoolFixture fixture = fixture;

    [Fact]
    public async Task TheLimitsOfMemoryKeepTheirOrder()
    {
        var vm = await VmAsync();
        await CallAsync("VM.set_memory_limits", vm, 32 * Mib, 128 * Mib, 64 * Mib, 96 * Mib);
        await RefusedAsync("VM.set_memory_static_max", 95);
        await CallAsync("VM.set_memory_static_max", vm, 96 * Mib);
        await RefusedAsync("VM.set_memory_static_min", 65);
        await CallAsync("VM.set_memory_static_min", vm, 64 * Mib);
        await FailsAsync(["MEMORY_CONSTRAINT_VIOLATION"], "VM.set_memory_static_range", vm, 32 * Mib, 80 * Mib);
        await FailsAsync(["MEMORY_CONSTRAINT_VIOLATION"], "VM.set_memory_static_range", vm, -1L, 96 * Mib);
        await CallAsync("VM.set_memory_static_range", vm, 32 * Mib, 256 * Mib);
        await RefusedAsync("VM.set_memory_dynamic_min", 31);
        await CallAsync("VM.set_memory_dynamic_min", vm, 32 * Mib);
        await RefusedAsync("VM.set_memory_dynamic_max", 257);
        await CallAsync("VM.set_memory_dynamic_max", vm, 256 * Mib);
        Assert.Equal(Number(256), await TextAsync("VM.get_memory_target", vm));
        await FailsAsync(["VM_BAD_POWER_STATE", vm, "running", "halted"], "VM.set_memory_target_live", vm, 48 * Mib);
        await RefusedAsync("VM.set_memory", 31);
        await CallAsync("VM.set_memory", vm, 64 * Mib);
        Assert.Equal((Number(64), Number(64)), (await TextAsync("VM.get_memory_static_max", vm), await TextAsync("VM.get_memory_target", vm)));

        var overhead = await TextAsync("VM.compute_memory_overhead", vm);
        Assert.Equal(overhead, await TextAsync("VM.get_memory_overhead", vm));
        var most = long.Parse(await TextAsync("VM.maximise_memory", vm, 512 * Mib, false), CultureInfo.InvariantCulture);
        Assert.InRange(most, 256 * Mib, 512 * Mib - 1);
        await CallAsync("VM.set_memory_static_range", vm, 32 * Mib, most);
        Assert.InRange(most + long.Parse(await TextAsync("VM.compute_memory_overhead", vm), CultureInfo.InvariantCulture), 256 * Mib, 512 * Mib);
        await CallAsync("VM.destroy", vm);

        Task RefusedAsync(string method, long mib) => FailsAsync(["MEMORY_CONSTRAINT_VIOLATION"], method, vm, mib * Mib);
    }

    [Fact]
    public async Task SettingsAreTakenOrRefusedWithTheirNames()
    {
        var vm = await VmAsync();
        await FailsAsync(["INVALID_VALUE", "HVM_shadow_multiplier", "0.5"], "VM.set_HVM_shadow_multiplier", vm, 0.5);
        await CallAsync("VM.set_HVM_shadow_multiplier", vm, 2.0);
        foreach (var field in new[] { "order", "start_delay", "shutdown_delay" })
        {
            await FailsAsync(["INVALID_VALUE", field, "-1"], "VM.set_" + field, vm, -1L);
            await CallAsync("VM.set_" + field, vm, 7L);
            Assert.Equal("7", await TextAsync("VM.get_" + field, vm));
        }

        await FailsAsync(["INVALID_VALUE", "ha_restart_priority", "sometimes"], "VM.set_ha_restart_priority", vm, "sometimes");
        await CallAsync("VM.set_ha_restart_priority", vm, "best-effort");
        await CallAsync("VM.set_ha_always_run", vm, true);
        Assert.True((bool)await CallAsync("VM.get_ha_always_run", vm));
        await CallAsync("VM.set_HVM_boot_policy", vm, "BIOS order");
        Assert.Equal("hvm", await TextAsync("VM.get_domain_type", vm));
        await CallAsync("VM.set_HVM_boot_policy", vm, "");
        Assert.Equal("pv", await TextAsync("VM.get_domain_type", vm));

        await FailsAsync(["INVALID_VALUE", "colour", "Unknown key"], "VM.set_bios_strings", vm, new Dictionary<string, string> { ["colour"] = "red" });
        await CallAsync("VM.set_bios_strings", vm, new Dictionary<string, string> { ["bios-vendor"] = "Acme" });
        await FailsAsync(["VM_BIOS_STRINGS_ALREADY_SET"], "VM.set_bios_strings", vm, new Dictionary<string, string> { ["bios-vendor"] = "Other" });
        await FailsAsync(["VM_BIOS_STRINGS_ALREADY_SET"], "VM.copy_bios_strings", vm, await fixture.HostRefAsync(1, Cancel));

        await CallAsync("VM.set_NVRAM", vm, new Dictionary<string, string> { ["EFI-variables"] = "a" });
        await FailsAsync(["MAP_DUPLICATE_KEY", "VM", "NVRAM", vm, "EFI-variables"], "VM.add_to_NVRAM", vm, "EFI-variables", "b");
        await CallAsync("VM.add_to_NVRAM", vm, "EFI-variables", "a");
        await CallAsync("VM.remove_from_NVRAM", vm, "EFI-variables");
        await CallAsync("VM.remove_from_NVRAM", vm, "EFI-variables");
        Assert.Empty(await Client.MapAsync("VM.get_NVRAM", Cancel, vm));

        await FailsAsync(["VM_BAD_POWER_STATE", vm, "suspended", "halted"], "VM.set_suspend_VDI", vm, NoRef);
        await FailsAsync(["HANDLE_INVALID", "VM_appliance", "OpaqueRef:none"], "VM.set_appliance", vm, "OpaqueRef:none");
        await FailsAsync(["HANDLE_INVALID", "VMSS", "OpaqueRef:none"], "VM.set_snapshot_schedule", vm, "OpaqueRef:none");
        await CallAsync("VM.set_snapshot_schedule", vm, NoRef);
        await CallAsync("VM.set_has_vendor_device", vm, true);
        Assert.True((bool)await CallAsync("VM.get_cooperative", vm));
        await FailsAsync(["VM_BAD_POWER_STATE", vm, "running", "halted"], "VM.assert_operation_valid", vm, "pause");
        await CallAsync("VM.assert_operation_valid", vm, "start");
        await CallAsync("VM.update_allowed_operations", vm);
        Assert.Equal("0", (await TextsAsync("VM.get_allowed_VIF_devices", vm))[0]);
        await CallAsync("VM.destroy", vm);
    }

    [Fact]
    public async Task WhereAVmCanRunFollowsHostsAndNetworks()
    {
        var vm = await VmAsync();
        var (first, second) = (await fixture.HostRefAsync(1, Cancel), await fixture.HostRefAsync(2, Cancel));
        Assert.Equal(new[] { first, second }.Order(), (await TextsAsync("VM.get_possible_hosts", vm)).Order());
        await CallAsync("VM.assert_can_boot_here", vm, second);
        await CallAsync("host.disable", second);
        Assert.Equal([first], await TextsAsync("VM.get_possible_hosts", vm));
        await FailsAsync(["HOST_DISABLED", second], "VM.assert_can_boot_here", vm, second);
        await CallAsync("host.enable", second);

        await CallAsync("VM.assert_agile", vm);
        var network = await TextAsync("network.create", new Dictionary<string, object>
        {
            ["name_label"] = "of one host", ["name_description"] = "", ["MTU"] = "1500", ["other_config"] = new Dictionary<string, object>(), ["tags"] = Array.Empty<object>(),
        });
        var vif = await TextAsync("VIF.create", StorageFixture.Interface(vm, network));
        await CallAsync("VM.assert_agile", vm);
        var card = await TextAsync("PIF.introduce", first, "02:00:00:00:00:0a", "eth8", true);
        var vlan = await TextAsync("VLAN.create", card, 5L, network);
        await FailsAsync(["HA_CONSTRAINT_VIOLATION_NETWORK_NOT_SHARED", network], "VM.assert_agile", vm);
        await CallAsync("VIF.destroy", vif);
        await CallAsync("VLAN.destroy", vlan);
        await CallAsync("PIF.forget", card);
        await CallAsync("network.destroy", network);
        await CallAsync("VM.destroy", vm);
    }

    [Fact]
    public async Task ARunningVmIsNeitherResetNorChangedInWhatItBootedWith()
    {
        await using var here = await fixture.StartVmAsync(Cancel, memoryMib: 32);
        await using var there = await fixture.StartVmAsync(Cancel, memoryMib: 32, host: 2);
        await FailsAsync(["VM_BAD_POWER_STATE", here.Ref, "halted", "running"], "VM.set_has_vendor_device", here.Ref, false);
        await FailsAsync(["INVALID_VALUE", "multiplier", "0.5"], "VM.set_shadow_multiplier_live", here.Ref, 0.5);
        await FailsAsync(["INVALID_VALUE", "nvcpu", "99"], "VM.set_VCPUs_number_live", here.Ref, 99L);
        Assert.Equal(await TextAsync("VM.get_uuid", here.Ref), (await Client.MapAsync("VM.get_boot_record", Cancel, here.Ref))["uuid"]);
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => CallAsync("VM.power_state_reset", here.Ref));
        Assert.Equal(["DOMAIN_EXISTS", here.Ref, await TextAsync("VM.get_domid", here.Ref)], error.Description);
        await FailsAsync(["HOST_IS_LIVE", await fixture.HostRefAsync(2, Cancel)], "VM.power_state_reset", there.Ref);
        Assert.Equal("Running", await TextAsync("VM.get_power_state", here.Ref));
    }

    [Fact]
    public async Task ATemplateIsProvisionedOnceAndJoinsNoAppliance()
    {
        var template = (await Client.MapAsync("VM.get_all_records", Cancel))
            .First(static entry => entry.Value is Dictionary<string, object> record && record["is_default_template"] is true).Key;
        var vm = await TextAsync("VM.clone", template, "from a template");
        var appliance = await TextAsync("VM_appliance.create", new Dictionary<string, object> { ["name_label"] = "all", ["name_description"] = "" });
        Assert.Equal("OPERATION_NOT_ALLOWED", (await Assert.ThrowsAsync<XenApiFailure>(() => CallAsync("VM.set_appliance", vm, appliance))).Code);
        await CallAsync("VM.provision", vm);
        Assert.False((bool)await CallAsync("VM.get_is_a_template", vm));
        await CallAsync("VM.set_appliance", vm, appliance);
        Assert.Equal([vm], await TextsAsync("VM_appliance.get_VMs", appliance));
        await CallAsync("VM.power_state_reset", vm);
        await CallAsync("VM.destroy", vm);
        Assert.Empty(await TextsAsync("VM_appliance.get_VMs", appliance));
        await CallAsync("VM_appliance.destroy", appliance);
    }

    private Task<string> VmAsync() => TestVm.CreateAsync(Client, "rules", 64, 0, Cancel);

    private static string Number(long mib) => (mib * Mib).ToString(CultureInfo.InvariantCulture);
}
