using System.Globalization;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What hosts can be told and asked, on two real ones: emptying them, scripts, logs, power, settings.</summary>
public sealed class HostMessageTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    private XenApiClient Client => fixture.Client;

    /// <summary>What host 2 ran instead of what an administrator configures; written by more than one test.</summary>
    private string Commands => Path.Combine(fixture.Pool.Hosts[1].Directory, "commands.log");

    [Fact]
    public async Task AHostIsEmptied()
    {
        var host = await fixture.HostRefAsync(2, Cancel);
        await using var first = await fixture.StartVmAsync(Cancel, host: 2);
        await using var second = await fixture.StartVmAsync(Cancel, host: 2);
        Assert.Empty(await Client.MapAsync("host.get_vms_which_prevent_evacuation", Cancel, host));
        await Client.CallAsync("host.assert_can_evacuate", Cancel, host);
        await Client.CallAsync("host.disable", Cancel, host);
        await Client.CallAsync("host.evacuate", Cancel, host);
        Assert.Equal((1, 1), (await fixture.ResidentOnAsync(first.Ref, Cancel), await fixture.ResidentOnAsync(second.Ref, Cancel)));
        Assert.Equal(("Running", "Running"), (await first.PowerStateAsync(Cancel), await second.PowerStateAsync(Cancel)));
        Assert.Equal(0, (await first.VerifyMemoryAsync(Cancel)).Errors);
        await Client.CallAsync("host.enable", Cancel, host);
    }

    [Fact]
    public async Task WhatPreventsTheEmptyingOfAHostIsNamedBeforeAnythingMoves()
    {
        var host = await fixture.HostRefAsync(2, Cancel);
        await using var free = await fixture.StartVmAsync(Cancel, host: 2);
        await using var stuck = await fixture.StartVmAsync(Cancel, host: 2);
        await Client.CallAsync("VM.add_to_blocked_operations", Cancel, stuck.Ref, "pool_migrate", "it stays");
        var obstacles = await Client.MapAsync("host.get_vms_which_prevent_evacuation", Cancel, host);
        Assert.Equal([stuck.Ref], obstacles.Keys);
        Assert.Equal(["OPERATION_BLOCKED", stuck.Ref, "it stays"], (object[])obstacles[stuck.Ref]);
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("host.assert_can_evacuate", Cancel, host));
        Assert.Equal(["CANNOT_EVACUATE_HOST", $"OPERATION_BLOCKED,{stuck.Ref},it stays"], error.Description);
        error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("host.evacuate", Cancel, host));
        Assert.Equal(["OPERATION_BLOCKED", stuck.Ref, "it stays"], error.Description);
        Assert.Equal((2, 2), (await fixture.ResidentOnAsync(free.Ref, Cancel), await fixture.ResidentOnAsync(stuck.Ref, Cancel)));
        await Client.CallAsync("VM.remove_from_blocked_operations", Cancel, stuck.Ref, "pool_migrate");
    }

    [Fact]
    public async Task APluginRunsOnTheHostThatIsNamed()
    {
        foreach (var host in fixture.Pool.Hosts)
        {
            HostFiles.WriteScript(Path.Combine(host.Directory, "plugins", "echo"), $$"""
                case "$1" in
                *\<methodName\>fail\<*) echo oh dear >&2; exit 3;;
                *\<methodName\>refuse\<*) echo '<?xml version="1.0"?><methodResponse><params><param><value><struct><member><name>Status</name><value>Failure</value></member><member><name>ErrorDescription</name><value><array><data><value>SR_FULL</value><value>a</value></data></array></value></member></struct></value></param></params></methodResponse>';;
                *\<name\>colour\<*red*) echo '<?xml version="1.0"?><methodResponse><params><param><value><struct><member><name>Status</name><value>Success</value></member><member><name>Value</name><value>red on {{host.Number}}</value></member></struct></value></param></params></methodResponse>';;
                esac
                """);
        }

        var there = await fixture.HostRefAsync(2, Cancel);
        Dictionary<string, string> none = [];
        Assert.Equal("red on 2", await Client.TextAsync("host.call_plugin", Cancel, there, "echo", "paint", new Dictionary<string, string> { ["colour"] = "red" }));
        Assert.Equal("red on 1", await Client.TextAsync(
            "host.call_plugin", Cancel, await fixture.HostRefAsync(1, Cancel), "echo", "paint", new Dictionary<string, string> { ["colour"] = "red" }));
        await FailsAsync(["SR_FULL", "a"], "host.call_plugin", there, "echo", "refuse", none);
        await FailsAsync(["XENAPI_MISSING_PLUGIN", "none"], "host.call_plugin", there, "none", "x", none);
        await FailsAsync(["XENAPI_MISSING_PLUGIN", "../xapi.conf"], "host.call_plugin", there, "../xapi.conf", "x", none);
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("host.call_plugin", Cancel, there, "echo", "fail", none));
        Assert.Equal(["XENAPI_PLUGIN_FAILURE", "3", "", "oh dear\n"], error.Description);
    }

    [Fact]
    public async Task AnExtensionAnswersMessagesOfItsOwn()
    {
        foreach (var host in fixture.Pool.Hosts)
        {
            HostFiles.WriteScript(Path.Combine(host.Directory, "extensions", "Coffee.brew"), $$"""
                read call
                echo '<?xml version="1.0"?><methodResponse><params><param><value><struct><member><name>Status</name><value>Success</value></member><member><name>Value</name><value>'$1 on {{host.Number}}'</value></member></struct></value></param></params></methodResponse>'
                """);
        }

        var there = await fixture.HostRefAsync(2, Cancel);
        Assert.Equal("--xmlrpc on 1", await Client.TextAsync("Coffee.brew", Cancel));
        Assert.True((bool)await Client.CallAsync("host.has_extension", Cancel, there, "Coffee.brew"));
        Assert.False((bool)await Client.CallAsync("host.has_extension", Cancel, there, "Coffee.drink"));
        var answer = await Client.TextAsync(
            "host.call_extension", Cancel, there, "<methodCall><methodName>Coffee.brew</methodName><params></params></methodCall>");
        Assert.Contains("<value>--xmlrpc on 2</value>", answer, StringComparison.Ordinal);
        await FailsAsync(["MESSAGE_METHOD_UNKNOWN", "Coffee.drink"], "Coffee.drink");
    }

    [Fact]
    public async Task AHostTellsWhatItIsAsked()
    {
        var there = await fixture.HostRefAsync(2, Cancel);
        await File.WriteAllTextAsync(Path.Combine(fixture.Pool.Hosts[1].Directory, "host.log"), "line of host 2\n", Cancel);
        Assert.Equal("line of host 2\n", await Client.TextAsync("host.get_log", Cancel, there));
        Assert.Equal("", await Client.TextAsync("host.get_log", Cancel, await fixture.HostRefAsync(1, Cancel)));
        Assert.NotNull(await Client.TextAsync("host.dmesg", Cancel, there));
        await Client.CallAsync("host.send_debug_keys", Cancel, there, "h");
        foreach (var clock in (string[])["host.get_servertime", "host.get_server_localtime"])
        {
            Assert.True(DateTime.TryParseExact(
                await Client.TextAsync(clock, Cancel, there), "yyyyMMdd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.None, out _));
        }

        Assert.Contains("VM.start", (object[])await Client.CallAsync("host.list_methods", Cancel));
        var free = double.Parse(await Client.TextAsync("host.compute_free_memory", Cancel, there), CultureInfo.InvariantCulture);
        Assert.Equal(free / 1024, (double)await Client.CallAsync("host.query_data_source", Cancel, there, "memory_free_kib"));
        Assert.Contains("memory_free_kib", Names(await Client.CallAsync("host.get_data_sources", Cancel, there)));
        await FailsAsync(["INVALID_VALUE", "data_source", "none"], "host.query_data_source", there, "none");
        await FailsAsync(["NOT_IMPLEMENTED", "host.dmesg_clear"], "host.dmesg_clear", there);
    }

    [Fact]
    public async Task ARunningVmHasDataSources()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, host: 2);
        Assert.Contains("memory", Names(await Client.CallAsync("VM.get_data_sources", Cancel, vm.Ref)));
        Assert.Equal(64.0 * 1024 * 1024, (double)await Client.CallAsync("VM.query_data_source", Cancel, vm.Ref, "memory_target"));
        await FailsAsync(["INVALID_VALUE", "data_source", "none"], "VM.query_data_source", vm.Ref, "none");
    }

    [Fact]
    public async Task AHostGoesDownOnlyWhenItIsEmptyAndDisabled()
    {
        var there = await fixture.HostRefAsync(2, Cancel);
        await FailsAsync(["HOST_NOT_DISABLED"], "host.reboot", there);
        await using (var vm = await fixture.StartVmAsync(Cancel, host: 2))
        {
            await Client.CallAsync("host.disable", Cancel, there);
            await FailsAsync(["HOST_IN_USE", there, "VM", vm.Ref], "host.shutdown", there);
        }

        Assert.Empty(await PowerCommandsAsync());
        await Client.CallAsync("host.reboot", Cancel, there);
        await Client.CallAsync("host.shutdown", Cancel, there);
        Assert.Equal(["reboot", "poweroff"], await PowerCommandsAsync());
        await Client.CallAsync("host.enable", Cancel, there);
        await FailsAsync(["HOST_IS_LIVE", there], "host.power_on", there);
    }

    [Fact]
    public async Task AHostThatIsToStayDisabledDoesSoBeyondItsRestart()
    {
        var there = await fixture.HostRefAsync(2, Cancel);
        var xapi = fixture.Pool.Hosts[1].Xapi;
        await Client.CallAsync("host.disable", Cancel, there, false);
        await RestartAsync(xapi, "host stays disabled");
        Assert.False((bool)await Client.CallAsync("host.get_enabled", Cancel, there));
        await Client.CallAsync("host.enable", Cancel, there);
        await RestartAsync(xapi, "host enabled");
        Assert.True((bool)await Client.CallAsync("host.get_enabled", Cancel, there));
    }

    [Fact]
    public async Task AHostTakesItsSettings()
    {
        var there = await fixture.HostRefAsync(2, Cancel);
        await Client.CallAsync("host.set_numa_affinity_policy", Cancel, there, "best_effort");
        await Client.CallAsync("host.set_multipathing", Cancel, there, true);
        await Client.CallAsync("host.set_iscsi_iqn", Cancel, there, "iqn.2026-11.org.example:h");
        await Client.CallAsync("host.set_ssl_legacy", Cancel, there, false);
        await Client.CallAsync("host.set_hostname_live", Cancel, there, "other-name");
        var record = await Client.MapAsync("host.get_record", Cancel, there);
        Assert.Equal(("best_effort", true, "iqn.2026-11.org.example:h", false),
            ((string)record["numa_affinity_policy"], (bool)record["multipathing"], (string)record["iscsi_iqn"], (bool)record["ssl_legacy"]));
        Assert.Contains("hostname other-name", await File.ReadAllLinesAsync(Commands, Cancel));
        Assert.Equal("VALUE_NOT_SUPPORTED", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("host.set_ssl_legacy", Cancel, there, true))).Code);
        Assert.Equal("HOST_NAME_INVALID", (await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("host.set_hostname_live", Cancel, there, "a b"))).Code);
        await FailsAsync(["INVALID_VALUE", "value", ""], "host.set_iscsi_iqn", there, "");
        await Client.CallAsync("host.set_numa_affinity_policy", Cancel, there, "default_policy");
    }

    private async Task<string[]> PowerCommandsAsync() => File.Exists(Commands)
        ? [.. (await File.ReadAllLinesAsync(Commands, Cancel)).Select(static line => line.Trim()).Where(static line => line is "reboot" or "poweroff")]
        : [];

    private static IEnumerable<object> Names(object sources) =>
        ((object[])sources).Select(static source => ((Dictionary<string, object>)source)["name_label"]);

    /// <summary>Kills a daemon and waits until its next life has logged this.</summary>
    private async Task RestartAsync(ManagedDaemon daemon, string logs)
    {
        var before = await CountAsync(daemon.LogFile, logs);
        daemon.Kill();
        while (await CountAsync(daemon.LogFile, logs) == before)
        {
            await Task.Delay(100, Cancel);
        }
    }

    private async Task<int> CountAsync(string file, string text)
    {
        await using var log = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(log);
        return (await reader.ReadToEndAsync(Cancel)).Split(text).Length - 1;
    }

    private async Task FailsAsync(string[] description, string method, params object[] arguments)
    {
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync(method, Cancel, arguments));
        Assert.Equal(description, error.Description);
    }
}
