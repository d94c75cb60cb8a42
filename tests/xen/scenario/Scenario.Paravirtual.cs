namespace Toolstack.Tests.Xen;

/// <summary>The life of a PV Linux guest, and of a guest without an operating system beside it, on the second host.</summary>
internal sealed partial class Scenario
{
    private const int MemoryGuestMib = 32;
    private const int ParavirtualMib = 96;

    private async Task RunParavirtualAsync()
    {
        Guest? bare = null, linux = null;
        int counted = 0;
        if (await checks.RunAsync("bare: a PVH guest without an operating system starts and keeps its memory", async cancel =>
            {
                bare = await Guest.CreateAsync(client, other, "bare", "pvh", Guest.Memory, MemoryGuestMib, "", cancel);
                await bare.StartAsync(cancel);
                await bare.VerifyAsync(cancel);
            }))
        {
            await checks.RunAsync("bare: it is paused", async cancel =>
            {
                await bare!.CallAsync("VM.pause", cancel);
                counted = await bare.CountAsync("counter=", cancel);
            });
        }

        if (await checks.RunAsync("PV: a guest with a disk and an interface starts", async cancel =>
            {
                var guest = await Guest.CreateAsync(client, other, "pv", "pv", Guest.Linux, ParavirtualMib, "192.168.77.10/24", cancel);
                await StartWithDevicesAsync(guest, "guest kind PV processors 0 ", cancel);
                linux = guest;
            }))
        {
            await RunParavirtualLifeAsync(linux!);
        }

        if (bare is { } paused)
        {
            await checks.RunAsync("bare: it stood still meanwhile, goes on and is ended", cancel => UnpauseAsync(paused, counted, cancel));
        }
    }

    private async Task RunParavirtualLifeAsync(Guest guest)
    {
        await checks.RunAsync("PV: an interface is plugged in and taken away", cancel => InterfaceAsync(guest, cancel));
        await checks.RunAsync("PV: it is suspended to a file and resumed", cancel => SuspendAsync(guest, cancel));
        await checks.RunAsync("PV: it reboots when asked", cancel => RebootAsync(guest, 2, token => guest.CallAsync("VM.clean_reboot", token), cancel));
        await checks.RunAsync("PV: it reboots by itself", cancel => RebootAsync(guest, 3, token => guest.TypeAsync("reboot -f", token), cancel));
        await checks.RunAsync("PV: it ends when asked", cancel => EndAsync(guest, cancel));
    }

    private async Task InterfaceAsync(Guest guest, CancellationToken cancel)
    {
        string wire = await devices!.AddInterfaceAsync(guest, "1", cancel);
        await client.CallAsync("VIF.plug", cancel, wire);
        await guest.WaitForAsync("network eth1 ok", 1, cancel);
        await client.CallAsync("VIF.unplug", cancel, wire);
        await guest.WaitForAsync("device eth1 gone", 1, cancel);
        await client.CallAsync("VIF.destroy", cancel, wire);
    }

    private static async Task RebootAsync(Guest guest, int time, Func<CancellationToken, Task> reboot, CancellationToken cancel)
    {
        int domid = await guest.DomidAsync(cancel);
        await reboot(cancel);
        await guest.WaitForAsync("guest kind PV ", time, cancel);
        await guest.WaitForAsync("disk xvda ok", time, cancel);
        await guest.WaitForAsync("network eth0 ok", time, cancel);
        await Waiting.UntilAsync("the new domain is known", async token => await guest.DomidAsync(token) > domid, cancel);
    }

    private static async Task UnpauseAsync(Guest bare, int counted, CancellationToken cancel)
    {
        int after = await bare.CountAsync("counter=", cancel);

        // What it wrote last may have been on its way to the log.
        ScenarioFailure.Unless(after - counted <= 1, $"{after - counted} lines while paused");
        await bare.CallAsync("VM.unpause", cancel);
        await bare.VerifyAsync(cancel);
        await bare.CallAsync("VM.hard_shutdown", cancel);
        ScenarioFailure.Unless(await bare.PowerStateAsync(cancel) == "Halted", $"it is {await bare.PowerStateAsync(cancel)}");
        await bare.DestroyAsync(cancel);
    }
}
