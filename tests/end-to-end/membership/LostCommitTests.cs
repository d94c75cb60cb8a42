using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Membership;

/// <summary>A change of coordinator whose last step is lost on the way: the host that was designated does not know whether the coordinator has
/// given up its part, so it does nothing until an administrator has looked.</summary>
public sealed class LostCommitTests : MembershipTests
{
    private const string Commit = "host.commit_new_master";

    [Fact]
    public async Task ACoordinatorThatNeverHeardOfTheCommitGetsItsMemberBack()
    {
        await StartAsync(new PoolOptions());
        var vm = await RunningAsync();
        using var path = await DesignateAsync(delivers: false);
        await First.Xapi.HoldDeadAsync();
        await BrokenAsync();

        await First.Xapi.StartAsync(Cancel);
        Assert.Equal("master", First.Role);
        await XeAsync(Second, "pool-emergency-reset-master", $"master-address={First.Address}");
        await MemberAsync(Second, First);
        await RunsAsync(First, vm);
    }

    [Fact]
    public async Task AMemberWhoseCoordinatorHasGivenUpIsMadeTheCoordinatorWithAllItKnew()
    {
        await StartAsync(new PoolOptions());
        var vm = await RunningAsync();
        using var path = await DesignateAsync(delivers: true);
        await BrokenAsync();
        await UntilAsync("the former coordinator is a member", () => Task.FromResult(First.Role == "slave:" + Second.Address));

        await XeAsync(Second, "pool-emergency-transition-to-master");
        await Pool.WaitUntilLiveAsync(Second, [First], Cancel);
        Assert.Equal("master", Second.Role);
        await RunsAsync(Second, vm);
    }

    /// <summary>A VM that runs on the member.</summary>
    private async Task<string> RunningAsync()
    {
        using var client = await Pool.LoginAsync(Cancel);
        var vm = await VmAsync(client, "on the second", Cancel);
        await client.CallAsync("VM.start_on", Cancel, vm, await client.TextAsync("host.get_by_uuid", Cancel, Second.Uuid), false, false);
        await client.CallAsync("VM.set_name_description", Cancel, vm, "the last word");
        return vm;
    }

    /// <summary>Makes the member reach its coordinator by a way that ends with the commit, and has it designated.</summary>
    private async Task<LossyPath> DesignateAsync(bool delivers)
    {
        var address = First.Address[..(First.Address.LastIndexOf('.') + 1)] + "99";
        var path = new LossyPath(address, First.Url, Commit, delivers);
        await Second.Xapi.HoldDeadAsync();
        await File.WriteAllTextAsync(Path.Combine(Second.Directory, "pool.conf"), $"slave:{address}\n", Cancel);
        await Second.Xapi.StartAsync(Cancel);
        using var client = await Pool.LoginAsync(Cancel);
        await RepeatAsync(() => path.Ended.IsCompleted, client, "pool.designate_new_master", await client.TextAsync("host.get_by_uuid", Cancel, Second.Uuid));
        return path;
    }

    private async Task BrokenAsync()
    {
        await UntilAsync("the member is broken", () => Task.FromResult(Second.Role == "broken"));
        using var member = XenApiClient.OverTcp(Second.Url);
        await UntilAsync("it does nothing", async () => (bool)await member.CallRawAsync("host.is_in_emergency_mode", [], Cancel));
        Assert.Equal("HOST_BROKEN", (await Assert.ThrowsAsync<XenApiFailure>(() => Pool.LoginAsync(Cancel, Second))).Code);
    }

    private async Task RunsAsync(PoolHost coordinator, string vm)
    {
        using var client = await Pool.LoginAsync(Cancel, coordinator);
        Assert.Equal(2, await HostsAsync(client, Cancel));
        Assert.Equal("the last word", await client.TextAsync("VM.get_name_description", Cancel, vm));
        await UntilAsync("the VM runs", async () => await client.TextAsync("VM.get_power_state", Cancel, vm) == "Running");
        Assert.Equal(0, (await GuestMemory.VerifyAsync(client, vm, Cancel)).Errors);
        await client.CallAsync("VM.hard_shutdown", Cancel, vm);
    }
}
