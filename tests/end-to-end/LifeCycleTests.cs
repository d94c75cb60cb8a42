using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A VM from clone to destroy, as a client sees it.</summary>
public sealed class LifeCycleTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task AVmIsStartedPausedUnpausedAndShutDownCleanly()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
        Assert.Equal(1, await fixture.ResidentOnAsync(vm.Ref, Cancel));

        await Client.CallAsync("VM.pause", Cancel, vm.Ref);
        Assert.Equal("Paused", await vm.PowerStateAsync(Cancel));

        await Client.CallAsync("VM.unpause", Cancel, vm.Ref);
        Assert.Equal("Running", await vm.PowerStateAsync(Cancel));

        await Client.CallAsync("VM.clean_shutdown", Cancel, vm.Ref);
        Assert.Equal("Halted", await vm.PowerStateAsync(Cancel));
        Assert.Equal(0, await fixture.ResidentOnAsync(vm.Ref, Cancel));
    }

    /// <summary>To those who call xenopsd by its other name it is the same.</summary>
    [Fact]
    public async Task XenopsdHasTwoNames()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, memoryMib: 16);
        var uuid = await Client.TextAsync("VM.get_uuid", Cancel, vm.Ref);
        foreach (var name in (string[])["org.xen.xapi.xenops.classic", "org.xen.xapi.xenopsd.classic"])
        {
            var answer = await XenopsCall.AskAsync(fixture.Pool.Coordinator, name, "VM.stat", Cancel, ("id", uuid));
            Assert.Equal("Running", answer[1].GetProperty("power_state").GetString());
        }
    }

    [Fact]
    public async Task WhatBecameOfAVmIsToldInNotices()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VM.unpause", Cancel, vm.Ref));
        await Client.CallAsync("VM.pause", Cancel, vm.Ref);
        await Client.CallAsync("VM.unpause", Cancel, vm.Ref);
        string snapshot = await Client.TextAsync("VM.snapshot", Cancel, vm.Ref, "before");
        await fixture.MigrateAsync(vm.Ref, 2, Cancel);
        await Client.CallAsync("VM.hard_reboot", Cancel, vm.Ref);
        await Client.CallAsync("VM.clean_shutdown", Cancel, vm.Ref);
        await Client.CallAsync("VM.revert", Cancel, snapshot);
        await using var copy = new RunningVm(fixture, await Client.TextAsync("VM.clone", Cancel, vm.Ref, "after"));
        await Client.CallAsync("VM.destroy", Cancel, snapshot);

        string uuid = await Client.TextAsync("VM.get_uuid", Cancel, vm.Ref);
        List<(string Name, string Body)> notices = [.. (await Client.MapAsync("message.get_all_records", Cancel)).Values.Cast<Dictionary<string, object>>()
            .Where(n => (string)n["obj_uuid"] == uuid && (string)n["cls"] == "VM")
            .OrderBy(static n => n["timestamp"]).Select(static n => ((string)n["name"], (string)n["body"]))];
        string[] expected =
        [
            "VM_CLONED", "VM_MIGRATED", "VM_PAUSED", "VM_REBOOTED", "VM_SHUTDOWN", "VM_SNAPSHOTTED", "VM_SNAPSHOT_REVERTED", "VM_STARTED", "VM_UNPAUSED",
        ];
        Assert.Equal(expected, notices.Select(static n => n.Name).Order(StringComparer.Ordinal));
        string moved = notices.Single(static n => n.Name == "VM_MIGRATED").Body;
        Assert.Matches($"^VM '.*' \\(uuid: {uuid}\\) migrated from host 'host1' .* to host 'host2' ", moved);
        Assert.EndsWith("cloned as 'after'", notices.Single(static n => n.Name == "VM_CLONED").Body, StringComparison.Ordinal);
        Assert.EndsWith("reverted to snapshot 'before'", notices.Single(static n => n.Name == "VM_SNAPSHOT_REVERTED").Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AVmMadeFromARecordRuns()
    {
        var template = (object[])await Client.CallAsync("VM.get_by_name_label", Cancel, "Linux PVH guest");
        var record = await Client.MapAsync("VM.get_record", Cancel, template[0]);
        record["name_label"] = "made";
        record["is_a_template"] = false;
        await using var vm = new RunningVm(fixture, await Client.TextAsync("VM.create", Cancel, record));
        Assert.Equal("made", await Client.TextAsync("VM.get_name_label", Cancel, vm.Ref));
        Assert.Equal("Halted", await vm.PowerStateAsync(Cancel));

        await Client.CallAsync("VM.start", Cancel, vm.Ref, false, false);
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }

    [Fact]
    public async Task ARecordThatLacksAFieldWithoutDefaultIsRefused()
    {
        var failure = await Assert.ThrowsAsync<XenApiFailure>(() =>
            Client.CallAsync("VM.create", Cancel, new Dictionary<string, object> { ["name_label"] = "incomplete" }));
        Assert.Equal("INTERNAL_ERROR", failure.Code);
        Assert.Contains("not present", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AStoppedVmStartsAgain()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        await Client.CallAsync("VM.hard_shutdown", Cancel, vm.Ref);
        await Client.CallAsync("VM.start", Cancel, vm.Ref, false, false);
        Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }

    [Fact]
    public async Task AGuestsMemoryIsAliveAndWhole()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        var first = await vm.VerifyMemoryAsync(Cancel);
        GuestMemory second;
        do
        {
            second = await vm.VerifyMemoryAsync(Cancel);
        }
        while (second.Counter == first.Counter);
        Assert.True(second.Counter > first.Counter);
        Assert.Equal((0L, 0L), (first.Errors, second.Errors));
        Assert.True(first.Pages > 0);
    }

    [Fact]
    public async Task AnEventTellsOfAChange()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        var first = await Client.MapAsync("event.from", Cancel, new[] { "vm" }, "", 10.0);
        await Client.CallAsync("VM.pause", Cancel, vm.Ref);
        var power = "";
        var token = (string)first["token"];
        while (power != "Paused")
        {
            var batch = await Client.MapAsync("event.from", Cancel, new[] { "vm" }, token, 10.0);
            token = (string)batch["token"];
            foreach (var record in ((object[])batch["events"]).Cast<Dictionary<string, object>>().Where(record => (string)record["ref"] == vm.Ref))
            {
                power = (string)((Dictionary<string, object>)record["snapshot"])["power_state"];
            }
        }

        Assert.Equal("Paused", power);
    }

    [Fact]
    public async Task ADestroyedVmIsGone()
    {
        var vm = await TestVm.CreateAsync(Client, "short", 64, 0, Cancel);
        await Client.CallAsync("VM.destroy", Cancel, vm);
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VM.get_uuid", Cancel, vm));
        Assert.Equal(["HANDLE_INVALID", "VM", vm], error.Description);
    }

    [Fact]
    public async Task TheUnixSocketNeedsNoPassword()
    {
        using var local = XenApiClient.OverUnixSocket(fixture.Pool.Coordinator.XapiSocket);
        await local.LoginAsync("root", "", Cancel);
        Assert.Equal(2, ((object[])await local.CallAsync("host.get_all", Cancel)).Length);
        await local.LogoutAsync(Cancel);
    }
}
