using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>The PVH guest from host to host, with its two processors, its disk and its interface.</summary>
internal sealed partial class Scenario
{
    private static readonly Dictionary<string, string> Live = new() { ["live"] = "true" };

    private async Task RunMovingAsync(Guest mover)
    {
        await checks.RunAsync("it moves to the other host while it runs", cancel => MigrateAsync(mover, other, cancel));
        await checks.RunAsync("and back", cancel => MigrateAsync(mover, machine, cancel));
        await checks.RunAsync("it goes on when its migration is cancelled", cancel => CancelAsync(mover, cancel));
        await checks.RunAsync("it outlives a xenopsd that dies while it is copied", cancel => KillDuringCopyAsync(mover, cancel));
        await checks.RunAsync("it ends when asked", cancel => EndAsync(mover, cancel));
    }

    private async Task MigrateAsync(Guest mover, TestMachine to, CancellationToken cancel)
    {
        int tick = await mover.TickAsync(cancel);
        string target = await to.HostAsync(client, cancel);
        await mover.CallAsync("VM.pool_migrate", cancel, target, Live);
        ScenarioFailure.Unless(await client.TextAsync("VM.get_resident_on", cancel, mover.Ref) == target, "it is not resident on the target");
        mover.Machine = to;
        await mover.VerifyAsync(cancel);
        int after = await mover.TickAsync(cancel);
        ScenarioFailure.Unless(after > tick, $"it counts {after} after {tick}");
        await WriteAsync(mover, cancel);
    }

    /// <summary>Its disk and its interface work where it is now.</summary>
    private static async Task WriteAsync(Guest mover, CancellationToken cancel)
    {
        int disks = await mover.CountAsync("disk xvda ok", cancel), wires = await mover.CountAsync("network eth0 ok", cancel);
        await mover.TypeAsync("rm /tmp/xvda /tmp/eth0", cancel);
        await mover.WaitForAsync("disk xvda ok", disks + 1, cancel);
        await mover.WaitForAsync("network eth0 ok", wires + 1, cancel);
    }

    private async Task CancelAsync(Guest mover, CancellationToken cancel)
    {
        string task = await StartCopyAsync(mover, cancel);
        await client.CallAsync("task.cancel", cancel, task);
        await FailsAsync(mover, task, cancel);
        await StaysAsync(mover, cancel);
    }

    private async Task KillDuringCopyAsync(Guest mover, CancellationToken cancel)
    {
        string task = await StartCopyAsync(mover, cancel);
        await machine.RunAsync("daemon kill xenopsd; daemon start xenopsd", cancel);
        await FailsAsync(mover, task, cancel);
        await StaysAsync(mover, cancel);
    }

    /// <summary>A migration to the other host that has got to copying memory; gives its task.</summary>
    private async Task<string> StartCopyAsync(Guest mover, CancellationToken cancel)
    {
        string target = await other.HostAsync(client, cancel);
        string task = await client.TextAsync("Async.VM.pool_migrate", cancel, mover.Ref, target, Live);
        await Waiting.UntilAsync("memory is being copied", async token =>
        {
            if (await client.TextAsync("task.get_status", token, task) != "pending")
            {
                await mover.FinishAsync(task, token);
                throw new ScenarioFailure("the migration is over");
            }

            return (double)await client.CallAsync("task.get_progress", token, task) >= 0.1;
        }, cancel);
        return task;
    }

    private static async Task FailsAsync(Guest mover, string task, CancellationToken cancel)
    {
        try
        {
            await mover.FinishAsync(task, cancel);
        }
        catch (XenApiFailure)
        {
            return;
        }

        throw new ScenarioFailure("the migration succeeded");
    }

    private async Task StaysAsync(Guest mover, CancellationToken cancel)
    {
        await Waiting.UntilAsync("it runs where it was", async token =>
            await mover.PowerStateAsync(token) == "Running"
            && await client.TextAsync("VM.get_resident_on", token, mover.Ref) == await machine.HostAsync(client, token), cancel);
        await mover.VerifyAsync(cancel);
    }
}
