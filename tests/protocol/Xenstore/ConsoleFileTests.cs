using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Tests.Simulator;
using Xunit;

namespace Toolstack.Tests.Xenstore;

/// <summary>What a simulated guest prints arrives through its ring page in the file that <c>console/tty</c> names.</summary>
public sealed class ConsoleFileTests
{
    [Fact]
    public async Task TextOfTheGuestIsInItsFileUntilTheDomainGoes()
    {
        await using var machine = new SimulatedMachine();
        await using var store = await XenstoreClient.ConnectAsync(machine.XenstorePath, null, StoreHost.Soon);
        var domid = machine.Create(16);
        var rings = await machine.Hypervisor.BuildAsync(domid, SimulatedMachine.Image(16), StoreHost.Soon);
        var console = $"/local/domain/{domid}/console";
        await store.WriteAsync(console + "/port", "2", StoreHost.Soon);
        await store.WriteAsync(console + "/ring-ref", rings.Console.ToString(), StoreHost.Soon);
        await store.IntroduceAsync(domid, rings.Store, 1, StoreHost.Soon);
        Assert.True(await store.WaitUntilAsync(
            [console], async cancel => await store.ReadAsync(console + "/tty", cancel) is not null, TimeSpan.FromSeconds(60), StoreHost.Soon));
        var file = (await store.ReadAsync(console + "/tty", StoreHost.Soon))!;
        machine.Hypervisor.Unpause(domid);
        await SimulatedMachine.EventuallyAsync(() => File.Exists(file) && File.ReadAllText(file).Contains("booted", StringComparison.Ordinal));
        await machine.Hypervisor.DestroyAsync(domid, StoreHost.Soon);
        await SimulatedMachine.EventuallyAsync(() => !File.Exists(file));
    }
}
