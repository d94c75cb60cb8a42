using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>The xapi that starts a VM for the coordinator dies in the midst of it.</summary>
public sealed class LostStartTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    private XenApiClient Client => fixture.Client;

    /// <summary>Its xenopsd goes on with the start, which nobody sees: meanwhile the VM is started nowhere else, and afterwards it lives there.</summary>
    [Fact]
    public async Task AVmWhoseStartNobodyAnswersIsStartedNowhereElse()
    {
        var there = fixture.Pool.Hosts[1];
        var vm = new RunningVm(fixture, await TestVm.CreateAsync(Client, "lost", 16, 500, Cancel));
        string uuid = await Client.TextAsync("VM.get_uuid", Cancel, vm.Ref);
        using var machine = SimulatorControl.Open(there);
        await machine.FaultAsync("hang create", Cancel);
        try
        {
            using var other = await fixture.Pool.LoginAsync(Cancel);
            string task = await other.TextAsync("Async.VM.start_on", Cancel, vm.Ref, await fixture.HostRefAsync(2, Cancel), false, false);
            while ((await XenopsCall.AskAsync(there, "Task.list", Cancel)).EnumerateArray().All(static t => !t.GetProperty("dbg").GetString()!.Contains("VM.start", StringComparison.Ordinal)))
            {
                await Task.Delay(20, Cancel);
            }

            await there.Xapi.HoldDeadAsync();
            var lost = await Assert.ThrowsAsync<XenApiFailure>(() => other.WaitForTaskAsync(task, null, Cancel));
            Assert.Equal("CANNOT_CONTACT_HOST", lost.Code);
            await FailsAsync(["CANNOT_CONTACT_HOST", "HOST_OFFLINE"], "VM.start", vm.Ref, false, false);
            await FailsAsync(["OTHER_OPERATION_IN_PROGRESS"], "VM.start_on", vm.Ref, await fixture.HostRefAsync(1, Cancel), false, false);
        }
        finally
        {
            await machine.ClearFaultsAsync(Cancel);
            await there.Xapi.StartAsync(Cancel);
            await fixture.Pool.WaitUntilLiveAsync(Cancel);
        }

        while ((await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)) != ("Running", 2))
        {
            await Task.Delay(50, Cancel);
        }

        Assert.Equal(StorageFixture.NoRef, await Client.TextAsync("VM.get_scheduled_to_be_resident_on", Cancel, vm.Ref));
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
        using var here = SimulatorControl.Open(fixture.Pool.Coordinator);
        Assert.Null(await here.DomainOfAsync(uuid, Cancel));
        await vm.DisposeAsync();
    }

    private async Task FailsAsync(string[] codes, string method, params object[] arguments)
    {
        var failure = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync(method, Cancel, arguments));
        Assert.Contains(failure.Code, codes);
    }
}
