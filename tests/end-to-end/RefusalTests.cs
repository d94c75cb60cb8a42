using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Calls that must fail with the right XenAPI error and leave the VM untouched.</summary>
public sealed class RefusalTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task AWrongPasswordIsRefused()
    {
        using var other = XenApiClient.OverTcp(fixture.Pool.Coordinator.Url);
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => other.LoginAsync("root", "wrong", Cancel));
        Assert.Equal("SESSION_AUTHENTICATION_FAILED", error.Code);
    }

    [Fact]
    public async Task ACallWithoutASessionIsRefused()
    {
        using var other = XenApiClient.OverTcp(fixture.Pool.Coordinator.Url);
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => other.CallRawAsync("VM.get_all", ["OpaqueRef:none"], Cancel));
        Assert.Equal(["SESSION_INVALID", "OpaqueRef:none"], error.Description);
    }

    [Fact]
    public async Task AMemberSendsClientsToTheCoordinator()
    {
        using var other = XenApiClient.OverTcp(fixture.Pool.Hosts[1].Url);
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => other.LoginAsync("root", fixture.Pool.Password, Cancel));
        Assert.Equal(["HOST_IS_SLAVE", fixture.Pool.Coordinator.Address], error.Description);
    }

    [Fact]
    public async Task AnUnknownVmIsNamed()
    {
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VM.start", Cancel, "OpaqueRef:none", false, false));
        Assert.Equal(["HANDLE_INVALID", "VM", "OpaqueRef:none"], error.Description);
    }

    [Fact]
    public async Task AnUnknownMethodIsNamed()
    {
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VM.levitate", Cancel));
        Assert.Equal(["MESSAGE_METHOD_UNKNOWN", "VM.levitate"], error.Description);
    }

    [Fact]
    public async Task AHaltedVmDoesNotMigrate()
    {
        var vm = await TestVm.CreateAsync(Client, "halted", 64, 0, Cancel);
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => fixture.MigrateAsync(vm, 2, Cancel));
        Assert.Equal(("VM_BAD_POWER_STATE", vm), (error.Code, error.Description[1]));
        Assert.Equal("halted", error.Description[3], ignoreCase: true);
        Assert.Equal("Halted", await Client.TextAsync("VM.get_power_state", Cancel, vm));
        await Client.CallAsync("VM.destroy", Cancel, vm);
    }

    [Fact]
    public async Task ARunningVmDoesNotStart()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => Client.CallAsync("VM.start", Cancel, vm.Ref, false, false));
        Assert.Equal(("VM_BAD_POWER_STATE", vm.Ref), (error.Code, error.Description[1]));
        Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
    }

    [Fact]
    public async Task ATargetWithoutMemoryIsRefusedBeforeAnythingMoves()
    {
        // Guests take real memory only where they write: two of these fit in a host by name, three do not.
        await using var first = await fixture.StartVmAsync(Cancel, memoryMib: 1700, host: 2);
        await using var second = await fixture.StartVmAsync(Cancel, memoryMib: 1700, host: 2);
        await using var vm = await fixture.StartVmAsync(Cancel, memoryMib: 1700, host: 1);
        var error = await Assert.ThrowsAsync<XenApiFailure>(() => fixture.MigrateAsync(vm.Ref, 2, Cancel));
        Assert.Equal("HOST_NOT_ENOUGH_FREE_MEMORY", error.Code);
        Assert.Equal(("Running", 1), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }
}
