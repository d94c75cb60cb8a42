using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Tests.Simulator;
using Xunit;

namespace Toolstack.Tests.Xenstore;

/// <summary>What a simulated guest prints arrives through its ring page in the file that <c>console/tty</c> names.</summary>
public sealed class ConsoleFileTests
{
    /// <summary>The file of the one becomes that of the next, without its text.</summary>
    [Fact]
    public async Task TextOfTheGuestIsInItsFileUntilTheDomainGoes()
    {
        await using var machine = new SimulatedMachine();
        await using var store = await XenstoreClient.ConnectAsync(machine.XenstorePath, null, StoreHost.Soon);
        for (var life = 0; life < 3; life++)
        {
            await LiveAsync(machine, store);
        }
    }

    private static async Task LiveAsync(SimulatedMachine machine, XenstoreClient store)
    {
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
        Assert.StartsWith($"Simulated guest of domain {domid} booted", File.ReadAllText(file), StringComparison.Ordinal);
        await machine.Hypervisor.DestroyAsync(domid, StoreHost.Soon);
        await SimulatedMachine.EventuallyAsync(() => new FileInfo(file).Length == 0);
    }
}
