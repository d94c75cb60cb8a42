namespace Toolstack.Tests.Xen;

/// <summary>What guests must not leave.</summary>
internal sealed partial class Scenario
{
    /// <summary>The disks that were made can be destroyed, and then there is no image: none of a suspended guest was left.</summary>
    private async Task StorageIsEmptyAsync(CancellationToken cancel)
    {
        foreach (string disk in devices!.Disks)
        {
            await client.CallAsync("VDI.destroy", cancel, disk);
        }

        await Waiting.UntilAsync("no image is left", async token =>
        {
            string left = await machine.RunAsync($"find {TestMachine.Disks} ! -type d", token);
            return left.Length == 0 ? true : throw new ScenarioFailure(left);
        }, cancel);
    }

    /// <summary>No domain but the first, no node of a guest in xenstore, no loop device, no port of the bridge, no mapping of foreign memory.</summary>
    private static Task NothingIsLeftAsync(TestMachine host, CancellationToken cancel) => Waiting.UntilAsync("nothing is left", async token =>
    {
        string left = await host.RunAsync(
            """
            xl list | tail -n +3
            for d in $(xenstore-list /local/domain); do [ "$d" = 0 ] || echo "/local/domain/$d"; done
            for d in $(xenstore-list /vm /xapi /xenops/domain 2>/dev/null); do echo "$d in xenstore"; done
            for d in $(xenstore-list /libxl 2>/dev/null); do [ "$d" = disable_udev ] || echo "/libxl/$d"; done
            for k in vbd vif; do for d in $(xenstore-list /local/domain/0/backend/$k 2>/dev/null); do echo "backend $k $d"; done; done
            losetup -a
            ls /sys/class/net/xenbr0/brif
            grep -c xen/privcmd /proc/$(cat /run/xenopsd.pid)/maps | grep -v '^0$' || true
            """,
            token);
        return left.Length == 0 ? true : throw new ScenarioFailure(left);
    }, cancel);
}
