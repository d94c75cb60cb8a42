using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Membership;

/// <summary>Pools in which a change of one host concerns a third.</summary>
public sealed class ThreeHostsTests : MembershipTests
{
    private PoolHost Third => Pool.Hosts[2];

    [Fact]
    public async Task ThreeHostsJoinChangeTheirCoordinatorAndPart()
    {
        await StartAsync(new PoolOptions { StandAlone = true, Hosts = 3 });
        await Pool.JoinAsync(Second, First, Cancel);
        await Pool.JoinAsync(Third, First, Cancel);
        List<string> vms = [];
        using (var client = await Pool.LoginAsync(Cancel))
        {
            Assert.Equal(3, await HostsAsync(client, Cancel));
            foreach (var host in Pool.Hosts)
            {
                vms.Add(await VmAsync(client, "on host " + host.Number, Cancel));
                await client.CallAsync("VM.start_on", Cancel, vms[^1], await client.TextAsync("host.get_by_uuid", Cancel, host.Uuid), false, false);
            }

            await client.CallAsync("pool.designate_new_master", Cancel, await client.TextAsync("host.get_by_uuid", Cancel, Second.Uuid));
        }

        await MemberAsync(First, Second);
        await MemberAsync(Third, Second);
        using var there = await Pool.LoginAsync(Cancel, Second);
        Assert.Equal(3, await HostsAsync(there, Cancel));
        foreach (var vm in vms)
        {
            await UntilAsync("the VM runs", async () => await there.TextAsync("VM.get_power_state", Cancel, vm) == "Running");
            Assert.Equal(0, (await GuestMemory.VerifyAsync(there, vm, Cancel)).Errors);
        }

        // From one member to another, then the one that has nothing left leaves.
        var third = await there.TextAsync("host.get_by_uuid", Cancel, Third.Uuid);
        var first = await there.TextAsync("host.get_by_uuid", Cancel, First.Uuid);
        await FailsAsync(["HOST_HAS_RESIDENT_VMS", third], there, "pool.eject", third);
        await there.CallAsync("VM.pool_migrate", Cancel, vms[2], first, new Dictionary<string, string> { ["live"] = "true" });
        await there.CallAsync("pool.eject", Cancel, third);
        await StandsAloneAsync(Third);
        await UntilAsync("the pool has forgotten it", async () => await HostsAsync(there, Cancel) == 2);
        Assert.Equal(first, await there.TextAsync("VM.get_resident_on", Cancel, vms[2]));
        foreach (var vm in vms)
        {
            await there.CallAsync("VM.hard_shutdown", Cancel, vm);
        }
    }

    /// <summary>A member that cannot be reached does not know of the change and finds the new coordinator by what it is told afterwards.</summary>
    [Fact]
    public async Task AMemberThatWasAwayDuringTheChangeIsToldOfIt()
    {
        await StartAsync(new PoolOptions { Hosts = 3 });
        using (var client = await Pool.LoginAsync(Cancel))
        {
            await Third.Xapi.StopAsync();
            var third = await client.TextAsync("host.get_by_uuid", Cancel, Third.Uuid);
            var metrics = await client.TextAsync("host.get_metrics", Cancel, third);
            await UntilAsync("it has said that it stops", async () => !(bool)await client.CallAsync("host_metrics.get_live", Cancel, metrics));
            await client.CallAsync("pool.designate_new_master", Cancel, await client.TextAsync("host.get_by_uuid", Cancel, Second.Uuid));
        }

        await MemberAsync(First, Second);
        await Third.Xapi.StartAsync(Cancel);
        using var there = await Pool.LoginAsync(Cancel, Second);
        var away = await there.TextAsync("host.get_by_uuid", Cancel, Third.Uuid);
        await UntilAsync("it is told", async () => Array.IndexOf((object[])await there.CallAsync("pool.recover_slaves", Cancel), away) >= 0);
        await MemberAsync(Third, Second);
    }

    /// <summary>kill -9 as soon as it was asked to leave, and again once that is decided: it stands alone and the pool has forgotten it, or it is a member that
    /// can be ejected again.</summary>
    [Fact]
    public async Task AHostThatDiesWhileItIsEjectedStandsAloneOrIsEjectedAgain()
    {
        await StartAsync(new PoolOptions());
        using var first = await Pool.LoginAsync(Cancel);
        var there = await first.TextAsync("host.get_by_uuid", Cancel, Second.Uuid);
        var change = Path.Combine(Second.Directory, "pool.conf.change");
        await first.TextAsync("Async.pool.eject", Cancel, there);
        Second.Xapi.Kill();
        await UntilAsync("the host is started again", () => Task.FromResult(Second.Xapi is { Restarts: > 0, Running: true } && Second.Xapi.StartToReady > TimeSpan.Zero));
        if (Second.Role != "master" && !File.Exists(change))
        {
            await Pool.WaitUntilLiveAsync(First, [Second], Cancel);
            await RepeatAsync(() => File.Exists(change) || Second.Role == "master", first, "pool.eject", there);
            Second.Xapi.Kill();
        }

        await StandsAloneAsync(Second);
        await UntilAsync("the pool has forgotten it", async () => await HostsAsync(first, Cancel) == 1);
        await UntilAsync("nothing is left to do", () => Task.FromResult(!File.Exists(change) && !File.Exists(Path.Combine(Second.Directory, "pool.conf.left"))));
    }

    private async Task StandsAloneAsync(PoolHost host)
    {
        await UntilAsync($"host {host.Number} stands alone", async () =>
        {
            using var client = await Pool.LoginAsync(Cancel, host);
            return host.Role == "master" && await HostsAsync(client, Cancel) == 1;
        });
        await Pool.WaitUntilLiveAsync(host, [], Cancel);
    }
}
