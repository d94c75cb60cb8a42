using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What the pool can be told, on two real hosts: its settings, VLANs on all hosts, records of a dump.</summary>
public sealed class PoolMessageTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task ThePoolTakesItsSettings()
    {
        var pool = await PoolAsync();
        await Client.CallAsync("pool.add_to_guest_agent_config", Cancel, pool, "auto_update_enabled", "true");
        await Client.CallAsync("pool.add_to_guest_agent_config", Cancel, pool, "auto_update_url", "https://updates.example/");
        await FailsAsync(["INVALID_VALUE", "key", "colour"], "pool.add_to_guest_agent_config", pool, "colour", "red");
        await FailsAsync(["INVALID_VALUE", "auto_update_enabled", "maybe"], "pool.add_to_guest_agent_config", pool, "auto_update_enabled", "maybe");
        await Client.CallAsync("pool.remove_from_guest_agent_config", Cancel, pool, "auto_update_url");
        await Client.CallAsync("pool.configure_update_sync", Cancel, pool, "weekly", 3L);
        await FailsAsync(["INVALID_UPDATE_SYNC_DAY", "7"], "pool.configure_update_sync", pool, "weekly", 7L);
        await FailsAsync(["NO_REPOSITORIES_CONFIGURED"], "pool.set_update_sync_enabled", pool, true);
        await FailsAsync(["HANDLE_INVALID", "Repository", "OpaqueRef:none"], "pool.add_repository", pool, "OpaqueRef:none");
        await Client.CallAsync("pool.configure_repository_proxy", Cancel, pool, "http://proxy.example:3128", "me", "secret");
        await FailsAsync(["INVALID_REPOSITORY_PROXY_URL", "proxy"], "pool.configure_repository_proxy", pool, "proxy", "", "");
        await FailsAsync(["INVALID_REPOSITORY_PROXY_CREDENTIAL"], "pool.configure_repository_proxy", pool, "http://proxy.example", "me", "");
        const string NoSwitch = "this needs Open vSwitch; the networks of this host are Linux bridges";
        await FailsAsync(["OPERATION_NOT_ALLOWED", NoSwitch], "pool.set_igmp_snooping_enabled", pool, true);
        await FailsAsync(["OPERATION_NOT_ALLOWED", NoSwitch], "pool.set_vswitch_controller", "192.0.2.1");
        await Client.CallAsync("pool.set_igmp_snooping_enabled", Cancel, pool, false);
        await Client.CallAsync("pool.set_vswitch_controller", Cancel, "");
        await FailsAsync(["VALUE_NOT_SUPPORTED", "ha_host_failures_to_tolerate", "-1", "the least is 0"], "pool.set_ha_host_failures_to_tolerate", pool, -1L);
        await Client.CallAsync("pool.set_ha_host_failures_to_tolerate", Cancel, pool, 1L);
        Assert.Equal("1", await Client.TextAsync("pool.get_ha_host_failures_to_tolerate", Cancel, pool));
        await Client.CallAsync("pool.disable_ssl_legacy", Cancel, pool);
        await Client.CallAsync("pool.set_uefi_certificates", Cancel, pool, "Y2VydA==");
        await Client.CallAsync("pool.set_custom_uefi_certificates", Cancel, pool, "b3Ro");
        await FailsAsync(["INVALID_VALUE", "value", "no base64"], "pool.set_custom_uefi_certificates", pool, "{}");
        Assert.Equal(("Y2VydA==", "b3Ro"), (
            await Client.TextAsync("pool.get_uefi_certificates", Cancel, pool), await Client.TextAsync("pool.get_custom_uefi_certificates", Cancel, pool)));
        Assert.False((bool)await Client.CallAsync("pool.has_extension", Cancel, pool, "Tea.pour"));
        foreach (var host in fixture.Pool.Hosts)
        {
            HostFiles.WriteScript(Path.Combine(host.Directory, "extensions", "Tea.pour"), "exit 1");
            Assert.Equal(host.Number == 2, (bool)await Client.CallAsync("pool.has_extension", Cancel, pool, "Tea.pour"));
        }

        await Client.CallAsync("pool.enable_tls_verification", Cancel);
        Assert.True((bool)await Client.CallAsync("pool.get_tls_verification_enabled", Cancel, pool));
        Assert.True((bool)await Client.CallAsync("host.get_tls_verification_enabled", Cancel, await fixture.HostRefAsync(2, Cancel)));
        var vm = await TestVm.CreateAsync(Client, "with a blob", 16, 0, Cancel);
        var blob = await Client.TextAsync("VM.create_new_blob", Cancel, vm, "notes", "text/plain", false);
        Assert.Equal(blob, Assert.Single(await Client.MapAsync("VM.get_blobs", Cancel, vm)).Value);
        await Client.CallAsync("VM.destroy", Cancel, vm);
        var record = await Client.MapAsync("pool.get_record", Cancel, pool);
        Assert.Equal("true", Assert.Single((Dictionary<string, object>)record["guest_agent_config"]).Value);
        Assert.Equal(("weekly", "3", "http://proxy.example:3128", "me"),
            ((string)record["update_sync_frequency"], (string)record["update_sync_day"], (string)record["repository_proxy_url"], (string)record["repository_proxy_username"]));
        Assert.Equal("secret", await Client.TextAsync("secret.get_value", Cancel, (string)record["repository_proxy_password"]));
        await Client.CallAsync("pool.disable_repository_proxy", Cancel, pool);
        await FailsAsync(["HANDLE_INVALID", "secret", (string)record["repository_proxy_password"]], "secret.get_value", (string)record["repository_proxy_password"]);
        Assert.Equal("never", (await Client.MapAsync("pool.get_license_state", Cancel, pool))["expiry"]);
        await Client.CallAsync("pool.remove_from_guest_agent_config", Cancel, pool, "auto_update_enabled");
    }

    [Fact]
    public async Task AVlanIsMadeOnEveryHostOrOnNone()
    {
        var first = await Client.TextAsync("PIF.introduce", Cancel, await fixture.HostRefAsync(1, Cancel), "02:00:00:00:00:01", "eth7", true);
        var second = await Client.TextAsync("PIF.introduce", Cancel, await fixture.HostRefAsync(2, Cancel), "02:00:00:00:00:02", "eth7", true);
        var network = await NetworkAsync("tagged");
        var other = await NetworkAsync("other");
        Assert.Equal(2, ((object[])await Client.CallAsync("pool.create_VLAN", Cancel, "eth7", network, 12L)).Length);
        var single = await Client.TextAsync("PIF.create_VLAN", Cancel, "eth7", other, await fixture.HostRefAsync(2, Cancel), 13L);
        Assert.Equal("13", await Client.TextAsync("PIF.get_VLAN", Cancel, single));

        // The second host has this tag already, so the first does not get it either.
        var third = await NetworkAsync("third");
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("pool.create_VLAN", Cancel, "eth7", third, 13L));
        Assert.Equal("PIF_VLAN_EXISTS", error.Code);
        Assert.Empty((object[])await Client.CallAsync("network.get_PIFs", Cancel, third));
        await FailsAsync(["VLAN_TAG_INVALID", "4095"], "pool.create_VLAN", "eth7", third, 4095L);
        await FailsAsync(["INVALID_VALUE", "device", "eth9"], "PIF.create_VLAN", "eth9", third, await fixture.HostRefAsync(1, Cancel), 14L);
        await Client.CallAsync("PIF.set_property", Cancel, first, "gro", "off");
        Assert.Equal("off", (await Client.MapAsync("PIF.get_properties", Cancel, first))["gro"]);
        await FailsAsync(["CANNOT_CHANGE_PIF_PROPERTIES", single], "PIF.set_property", single, "gro", "off");
        foreach (var vlan in (await Client.MapAsync("VLAN.get_all_records", Cancel)).Keys)
        {
            await Client.CallAsync("VLAN.destroy", Cancel, vlan);
        }

        await Client.CallAsync("PIF.forget", Cancel, first);
        await Client.CallAsync("PIF.forget", Cancel, second);
    }

    [Fact]
    public async Task ASessionOfADumpReadsItsRecordsAndChangesNothing()
    {
        var vm = await TestVm.CreateAsync(Client, "in the dump", 64, 0, Cancel);
        using var http = new HttpClient { BaseAddress = fixture.Pool.Coordinator.Url };
        var path = Path.Combine(fixture.Pool.Coordinator.Directory, "dump.xml");
        await File.WriteAllBytesAsync(path, await http.GetByteArrayAsync(new Uri($"/pool/xmldbdump?session_id={Client.Session}", UriKind.Relative), Cancel), Cancel);
        await Client.CallAsync("VM.set_name_label", Cancel, vm, "changed since");
        var session = await Client.TextAsync("session.create_from_db_file", Cancel, path);
        Assert.Equal("in the dump", await RawAsync("VM.get_name_label", session, vm));
        Assert.Equal("changed since", await Client.TextAsync("VM.get_name_label", Cancel, vm));
        foreach (var change in (object[][])[["VM.set_name_label", vm, "x"], ["VM.destroy", vm], ["pool.sync_database"]])
        {
            var error = await Assert.ThrowsAsync<XenApiFailure>(() => RawAsync((string)change[0], [session, .. change[1..]]));
            Assert.Equal("INTERNAL_ERROR", error.Code);
        }

        await RawAsync("session.logout", session);
        Assert.Equal("SESSION_INVALID", (await Assert.ThrowsAsync<XenApiFailure>(() => RawAsync("VM.get_name_label", session, vm))).Code);
        Assert.Equal("INTERNAL_ERROR", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("session.create_from_db_file", Cancel, "/nonexistent"))).Code);
        await Client.CallAsync("VM.destroy", Cancel, vm);
    }

    private async Task<string> PoolAsync() => (string)Assert.Single((object[])await Client.CallAsync("pool.get_all", Cancel));

    private async Task<string> NetworkAsync(string name) => await Client.TextAsync("network.create", Cancel, new Dictionary<string, object>
    {
        ["name_label"] = name, ["name_description"] = "", ["MTU"] = "1500", ["other_config"] = new Dictionary<string, object>(), ["tags"] = Array.Empty<object>(),
    });

    private async Task<string> RawAsync(string method, params object[] arguments) => (string)await Client.CallRawAsync(method, arguments, Cancel);

    private async Task FailsAsync(string[] description, string method, params object[] arguments)
    {
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync(method, Cancel, arguments));
        Assert.Equal(description, error.Description);
    }
}
