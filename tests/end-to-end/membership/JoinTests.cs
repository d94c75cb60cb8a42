using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Membership;

/// <summary>Stand-alone hosts become a pool by pool.join, and part again by pool.eject.</summary>
public sealed class JoinTests : MembershipTests
{
    [Fact]
    public async Task TwoHostsJoinMoveAVmAndPart()
    {
        await StartAsync(new PoolOptions { StandAlone = true });
        using var first = await Pool.LoginAsync(Cancel, First);
        using (var second = await Pool.LoginAsync(Cancel, Second))
        {
            await VmAsync(second, "brought along", Cancel);
            var here = await second.TextAsync("host.get_by_uuid", Cancel, Second.Uuid);
            await second.CallAsync("host.add_to_other_config", Cancel, here, "colour", "red");

            // Refused: nothing changes.
            await FailsAsync(["SESSION_AUTHENTICATION_FAILED", "root"], second, "pool.join", First.Address, DevelopmentPool.User, "wrong");
            await FailsAsync(["JOINING_HOST_CONNECTION_FAILED"], second, "pool.join", "127.255.255.254", DevelopmentPool.User, Pool.Password);
            await FailsAsync(["OPERATION_NOT_ALLOWED"], second, "pool.join", Second.Address, DevelopmentPool.User, Pool.Password);
            var running = await VmAsync(second, "running", Cancel);
            await second.CallAsync("VM.start", Cancel, running, false, false);
            await FailsAsync(["JOINING_HOST_CANNOT_HAVE_RUNNING_VMS"], second, "pool.join", First.Address, DevelopmentPool.User, Pool.Password);
            await second.CallAsync("VM.hard_shutdown", Cancel, running);
            await second.CallAsync("VM.destroy", Cancel, running);
            Assert.True((bool)await second.CallAsync("host.get_enabled", Cancel, here));
        }

        await Pool.JoinAsync(Second, First, Cancel);
        Assert.Equal("slave:" + First.Address, Second.Role);
        var there = await first.TextAsync("host.get_by_uuid", Cancel, Second.Uuid);
        Assert.Equal("host2", await first.TextAsync("host.get_name_label", Cancel, there));
        Assert.Equal("red", (await first.MapAsync("host.get_other_config", Cancel, there))["colour"]);
        var vm = (string)Assert.Single((object[])await first.CallAsync("VM.get_by_name_label", Cancel, "brought along"));
        var refused = await Assert.ThrowsAsync<XenApiFailure>(() => Pool.LoginAsync(Cancel, Second));
        Assert.Equal(["HOST_IS_SLAVE", First.Address], refused.Description);

        await first.CallAsync("VM.start_on", Cancel, vm, there, false, false);
        var before = await GuestMemory.VerifyAsync(first, vm, Cancel);
        await FailsAsync(["HOST_HAS_RESIDENT_VMS", there], first, "pool.eject", there);
        await first.CallAsync("VM.pool_migrate", Cancel, vm, await first.TextAsync("host.get_by_uuid", Cancel, First.Uuid), new Dictionary<string, string> { ["live"] = "true" });
        var after = await GuestMemory.VerifyAsync(first, vm, Cancel);
        Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));

        await FailsAsync(["OPERATION_NOT_ALLOWED"], first, "pool.eject", await first.TextAsync("host.get_by_uuid", Cancel, First.Uuid));
        await XeAsync(First, "pool-eject", $"host-uuid={Second.Uuid}");
        await UntilAsync("the ejected host stands alone", async () =>
        {
            using var second = await Pool.LoginAsync(Cancel, Second);
            return await HostsAsync(second, Cancel) == 1 && ((object[])await second.CallAsync("VM.get_by_name_label", Cancel, "brought along")).Length == 0;
        });
        Assert.Equal("master", Second.Role);
        await UntilAsync("the pool has forgotten it", async () => await HostsAsync(first, Cancel) == 1);
        Assert.Equal("Running", await first.TextAsync("VM.get_power_state", Cancel, vm));
        await first.CallAsync("VM.hard_shutdown", Cancel, vm);

        // What it was before does not keep it from coming back, by force as well (pool.join_force).
        await Pool.WaitUntilLiveAsync(Second, [], Cancel);
        await Xe.RunAsync(
            ["-s", Second.XapiSocket, "pool-join", $"master-address={First.Address}", $"master-username={DevelopmentPool.User}", $"master-password={Pool.Password}", "force=true"], Cancel);
        await MemberAsync(Second, First);
    }

    /// <summary>kill -9 as soon as the role is decided, and again while the new member brings its rows: it is a member all the same, and has
    /// everything once. Before that it stands alone as if nobody had asked.</summary>
    [Fact]
    public async Task AHostThatDiesWhileItJoinsIsAMemberOrStandsAlone()
    {
        await StartAsync(new PoolOptions { StandAlone = true });
        using var first = await Pool.LoginAsync(Cancel, First);
        var change = Path.Combine(Second.Directory, "pool.conf.change");
        var brought = Path.Combine(Second.Directory, "state.db.joining");
        using (var second = await Pool.LoginAsync(Cancel, Second))
        {
            for (var number = 0; number < 5; number++)
            {
                await VmAsync(second, "brought along", Cancel);
            }

            await second.TextAsync("Async.pool.join", Cancel, First.Address, DevelopmentPool.User, Pool.Password);
            Second.Xapi.Kill();
        }

        await UntilAsync("the host is started again", () => Task.FromResult(Second.Xapi.Restarts > 0 && Second.Xapi.StartToReady > TimeSpan.Zero));
        if (Second.Role == "master" && !File.Exists(change))
        {
            await Pool.WaitUntilLiveAsync(Second, [], Cancel);
            Assert.Equal(1, await HostsAsync(first, Cancel));
            using var second = await Pool.LoginAsync(Cancel, Second);
            await second.TextAsync("Async.pool.join", Cancel, First.Address, DevelopmentPool.User, Pool.Password);
            await UntilAsync("the change of role is decided", () => Task.FromResult(File.Exists(change)));
            Second.Xapi.Kill();
        }

        await UntilAsync("the member has begun", () => Task.FromResult(Second.Role != "master"));
        if (File.Exists(brought))
        {
            Second.Xapi.Kill();
        }

        await Pool.WaitUntilLiveAsync(First, [Second], Cancel);
        Assert.False(File.Exists(change) || File.Exists(brought));
        Assert.Equal(2, await HostsAsync(first, Cancel));
        Assert.Equal(5, ((object[])await first.CallAsync("VM.get_by_name_label", Cancel, "brought along")).Length);
    }
}
