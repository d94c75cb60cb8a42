using System.Globalization;
using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>Guests out of domains and into others: files and the other host.</summary>
internal sealed partial class Scenario
{
    private static readonly Dictionary<string, string> Live = new() { ["live"] = "true" };

    private async Task SuspendAsync(Guest guest, CancellationToken cancel)
    {
        string pool = (string)((object[])await client.CallAsync("pool.get_all", cancel))[0];
        await client.CallAsync("pool.set_suspend_image_SR", cancel, pool, devices!.Repository);
        int tick = await TickAsync(guest, machine, cancel);
        await guest.CallAsync("VM.suspend", cancel);
        ScenarioFailure.Unless(await guest.PowerStateAsync(cancel) == "Suspended", $"{guest.Name} is {await guest.PowerStateAsync(cancel)}");
        await guest.CallAsync("VM.resume", cancel, false, false);
        await guest.VerifyAsync(machine, cancel);
        int after = await TickAsync(guest, machine, cancel);
        ScenarioFailure.Unless(after > tick, $"{guest.Name} counts {after} after {tick}");
    }

    private Task PoolAsync(CancellationToken cancel) => WaitUntilAsync("both hosts are enabled", async token =>
    {
        var hosts = await client.MapAsync("host.get_all_records", token);
        return hosts.Count == 2 && hosts.Values.All(static host => ((Dictionary<string, object>)host)["enabled"] is true);
    }, cancel);

    private async Task MoverAsync(CancellationToken cancel)
    {
        mover = await Guest.CreateAsync(client, "mover", "pvh", Guest.Linux, 112, "192.168.77.12/24", cancel);
        string device = await devices!.AddInterfaceAsync(mover, "0", cancel);
        await client.CallAsync("VM.set_affinity", cancel, mover.Ref, await HostAsync(machine, cancel));
        await mover.CallAsync("VM.start_on", cancel, await HostAsync(machine, cancel), false, false);
        await mover.WaitForAsync(machine, "network eth0 ok", 1, cancel);
        await mover.VerifyAsync(machine, cancel);
        ScenarioFailure.Unless(await client.CallAsync("VIF.get_currently_attached", cancel, device) is true, "the interface is not attached");
    }

    private async Task MigrateAsync(TestMachine from, TestMachine to, CancellationToken cancel)
    {
        int tick = await TickAsync(mover!, from, cancel);
        string target = await HostAsync(to, cancel);
        await mover!.CallAsync("VM.pool_migrate", cancel, target, Live);
        ScenarioFailure.Unless(await client.TextAsync("VM.get_resident_on", cancel, mover.Ref) == target, "it is not resident on the target");
        await mover.VerifyAsync(to, cancel);
        int after = await TickAsync(mover, to, cancel);
        ScenarioFailure.Unless(after > tick, $"it counts {after} after {tick}");
    }

    private async Task KillDuringCopyAsync(CancellationToken cancel)
    {
        string target = await HostAsync(other, cancel);
        string task = await client.TextAsync("Async.VM.pool_migrate", cancel, mover!.Ref, target, Live);
        await WaitUntilAsync("memory is being copied", async token =>
        {
            ScenarioFailure.Unless(await client.TextAsync("task.get_status", token, task) == "pending", "the migration is over");
            return (double)await client.CallAsync("task.get_progress", token, task) >= 0.1;
        }, cancel);
        await machine.RunAsync("daemon kill xenopsd; daemon start xenopsd", cancel);
        try
        {
            await client.WaitForTaskAsync(task, null, cancel);
            throw new ScenarioFailure("the migration succeeded without xenopsd");
        }
        catch (XenApiFailure)
        {
            // As it must: the copy died with the process.
        }

        await WaitUntilAsync("it runs where it was", async token =>
            await mover.PowerStateAsync(token) == "Running"
            && await client.TextAsync("VM.get_resident_on", token, mover.Ref) == await HostAsync(machine, token), cancel);
        await mover.VerifyAsync(machine, cancel);
    }

    private async Task EndMoverAsync(CancellationToken cancel)
    {
        await mover!.CallAsync("VM.clean_shutdown", cancel);
        await mover.DestroyAsync(cancel);
    }

    private async Task<string> HostAsync(TestMachine host, CancellationToken cancel)
    {
        var hosts = await client.MapAsync("host.get_all_records", cancel);
        return hosts.Single(entry => (string)((Dictionary<string, object>)entry.Value)["address"] == host.LinkAddress).Key;
    }

    /// <summary>The number of the last sign of life on a machine.</summary>
    private static async Task<int> TickAsync(Guest guest, TestMachine on, CancellationToken cancel)
    {
        string line = await guest.WaitForAsync(on, "tick ", 1, cancel);
        return int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }
}
