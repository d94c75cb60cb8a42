using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Membership;

/// <summary>Another host becomes the coordinator: because all agree, or because the one before is gone.</summary>
public sealed class CoordinatorTests : MembershipTests
{
    [Fact]
    public async Task AMemberThatIsDesignatedTakesOverEveryRowAndVm()
    {
        await StartAsync(new PoolOptions());
        string[] vms;
        using (var client = await Pool.LoginAsync(Cancel))
        {
            vms = [await VmAsync(client, "on the first", Cancel), await VmAsync(client, "on the second", Cancel)];
            foreach (var (vm, host) in vms.Zip(Pool.Hosts))
            {
                await client.CallAsync("VM.start_on", Cancel, vm, await client.TextAsync("host.get_by_uuid", Cancel, host.Uuid), false, false);
            }

            // The coordinator is the coordinator already.
            await client.CallAsync("pool.designate_new_master", Cancel, await client.TextAsync("host.get_by_uuid", Cancel, First.Uuid));
            await client.CallAsync("pool.designate_new_master", Cancel, await client.TextAsync("host.get_by_uuid", Cancel, Second.Uuid));
        }

        await MemberAsync(First, Second);
        Assert.Equal("master", Second.Role);
        using var there = await Pool.LoginAsync(Cancel, Second);
        Assert.Equal(2, await HostsAsync(there, Cancel));
        foreach (var vm in vms)
        {
            await UntilAsync("the VM runs", async () => await there.TextAsync("VM.get_power_state", Cancel, vm) == "Running");
            Assert.Equal(0, (await GuestMemory.VerifyAsync(there, vm, Cancel)).Errors);
            await there.CallAsync("VM.hard_shutdown", Cancel, vm);
        }
    }

    [Fact]
    public async Task AMemberTakesOverFromACoordinatorThatIsGoneAndGetsItAsAMember()
    {
        await StartAsync(new PoolOptions());
        string vm;
        using (var client = await Pool.LoginAsync(Cancel))
        {
            vm = await VmAsync(client, "on the second", Cancel);
            await client.CallAsync("VM.start_on", Cancel, vm, await client.TextAsync("host.get_by_uuid", Cancel, Second.Uuid), false, false);
            await client.CallAsync("pool.sync_database", Cancel);
        }

        Assert.Contains("on%.the%.second", await File.ReadAllTextAsync(Path.Combine(Second.Directory, "state-backup.xml"), Cancel), StringComparison.Ordinal);
        await First.Xapi.HoldDeadAsync();
        Second.Xapi.Kill();
        using var member = XenApiClient.OverTcp(Second.Url);
        await UntilAsync("the member is in emergency mode", async () => (bool)await member.CallRawAsync("host.is_in_emergency_mode", [], Cancel));
        Assert.Equal("HOST_STILL_BOOTING", (await Assert.ThrowsAsync<XenApiFailure>(() => Pool.LoginAsync(Cancel, Second))).Code);
        var session = (string)await member.CallRawAsync("session.slave_local_login_with_password", [DevelopmentPool.User, Pool.Password], Cancel);
        Assert.Equal("HOST_STILL_BOOTING", (await Assert.ThrowsAsync<XenApiFailure>(() => member.CallRawAsync("host.get_all", [session], Cancel))).Code);
        Assert.Equal("HOST_STILL_BOOTING", (await Assert.ThrowsAsync<XenApiFailure>(() => member.CallRawAsync("host.local_assert_healthy", [session], Cancel))).Code);
        Assert.Equal("INVALID_VALUE", (await Assert.ThrowsAsync<XenApiFailure>(() => member.CallRawAsync("pool.emergency_reset_master", [session, Second.Address], Cancel))).Code);
        await XeAsync(Second, "pool-emergency-transition-to-master");

        await Pool.WaitUntilLiveAsync(Second, [], Cancel);
        using var client2 = await Pool.LoginAsync(Cancel, Second);
        Assert.Equal(2, await HostsAsync(client2, Cancel));
        await UntilAsync("the VM runs", async () => await client2.TextAsync("VM.get_power_state", Cancel, vm) == "Running");
        Assert.Equal(0, (await GuestMemory.VerifyAsync(client2, vm, Cancel)).Errors);

        // It finds that it has been replaced.
        await First.Xapi.StartAsync(Cancel);
        await MemberAsync(First, Second);
        var recovered = (object[])await client2.CallAsync("pool.recover_slaves", Cancel);
        Assert.Equal(await client2.TextAsync("host.get_by_uuid", Cancel, First.Uuid), Assert.Single(recovered));
        await client2.CallAsync("VM.pool_migrate", Cancel, vm, recovered[0], new Dictionary<string, string> { ["live"] = "true" });
        await client2.CallAsync("VM.hard_shutdown", Cancel, vm);
    }
}
