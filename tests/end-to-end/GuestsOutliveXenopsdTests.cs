using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>xenopsd dies; its guests do not notice, and it finds them again.</summary>
public sealed class GuestsOutliveXenopsdTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    private XenApiClient Client => fixture.Client;

    [Fact]
    public async Task AVmRunsOnWhileXenopsdIsDeadAndBelongsToTheNextOne()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        var uuid = await Client.TextAsync("VM.get_uuid", Cancel, vm.Ref);
        var domid = await Client.TextAsync("VM.get_domid", Cancel, vm.Ref);
        var before = await vm.VerifyMemoryAsync(Cancel);
        var host = fixture.Pool.Coordinator;
        using var machine = SimulatorControl.Open(host);

        await host.Xenopsd.HoldDeadAsync();
        var alone = (await machine.DomainOfAsync(uuid, Cancel))!;
        Assert.Equal(domid, alone.domid.ToString(System.Globalization.CultureInfo.InvariantCulture));
        while ((await machine.DomainOfAsync(uuid, Cancel))!.cpu_time_ns == alone.cpu_time_ns)
        {
            await Task.Delay(20, Cancel);
        }

        await host.Xenopsd.StartAsync(Cancel);
        Assert.Equal("Running", await vm.PowerStateAsync(Cancel));
        var after = await vm.VerifyMemoryAsync(Cancel);
        Assert.Equal(0, after.Errors);
        Assert.True(after.Counter > before.Counter);
        Assert.Equal(domid, await Client.TextAsync("VM.get_domid", Cancel, vm.Ref));
        await fixture.MigrateAsync(vm.Ref, 2, Cancel);
        Assert.Equal(0, (await vm.VerifyMemoryAsync(Cancel)).Errors);
    }

    [Fact]
    public async Task AGuestThatEndsWhileXenopsdIsDeadIsFoundEnded()
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        var uuid = await Client.TextAsync("VM.get_uuid", Cancel, vm.Ref);
        var host = fixture.Pool.Coordinator;
        using var machine = SimulatorControl.Open(host);
        var domid = (await machine.DomainOfAsync(uuid, Cancel))!.domid;
        await host.Xenopsd.HoldDeadAsync();
        await machine.ShutDownAsync(domid, Cancel);
        await host.Xenopsd.StartAsync(Cancel);
        while (await vm.PowerStateAsync(Cancel) != "Halted" || await machine.DomainOfAsync(uuid, Cancel) is not null)
        {
            await Task.Delay(50, Cancel);
        }
    }
}
