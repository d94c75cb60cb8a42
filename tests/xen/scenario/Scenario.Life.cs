using System.Globalization;

namespace Toolstack.Tests.Xen;

/// <summary>The life of guests that run.</summary>
internal sealed partial class Scenario
{
    private async Task HotplugAsync(CancellationToken cancel)
    {
        string disk = await devices!.AddDiskAsync(hardware!, "1", cancel);
        await client.CallAsync("VBD.plug", cancel, disk);
        await hardware!.WaitForAsync(machine, "disk xvdb ok", 1, cancel);
        await client.CallAsync("VBD.unplug", cancel, disk);
        await hardware.WaitForAsync(machine, "device xvdb gone", 1, cancel);

        string wire = await devices.AddInterfaceAsync(paravirtual!, "1", cancel);
        await client.CallAsync("VIF.plug", cancel, wire);
        await paravirtual!.WaitForAsync(machine, "network eth1 ok", 1, cancel);
        await client.CallAsync("VIF.unplug", cancel, wire);
        await paravirtual.WaitForAsync(machine, "device eth1 gone", 1, cancel);
        await client.CallAsync("VIF.destroy", cancel, wire);
        await client.CallAsync("VBD.destroy", cancel, disk);
    }

    private async Task PauseAsync(CancellationToken cancel)
    {
        await memory!.CallAsync("VM.pause", cancel);
        int before = await memory.CountAsync(machine, "counter=", cancel);
        await paravirtual!.VerifyAsync(machine, cancel);
        int after = await memory.CountAsync(machine, "counter=", cancel);

        // What it wrote last may have been on its way to the log.
        ScenarioFailure.Unless(after - before <= 1, $"{after - before} lines while paused");
        await memory.CallAsync("VM.unpause", cancel);
        await memory.VerifyAsync(machine, cancel);
    }

    private async Task AdoptionAsync(CancellationToken cancel)
    {
        int domid = await hardware!.DomidAsync(cancel);
        await machine.RunAsync("daemon kill xenopsd", cancel);
        await hardware.VerifyAsync(machine, cancel);
        await machine.RunAsync("daemon start xenopsd", cancel);
        await WaitUntilAsync("xenopsd answers", async token =>
        {
            await memory!.CallAsync("VM.pause", token);
            await memory.CallAsync("VM.unpause", token);
            return true;
        }, cancel);
        ScenarioFailure.Unless(await hardware.DomidAsync(cancel) == domid, "another domain");
        foreach (var guest in new[] { memory!, paravirtual!, hardware })
        {
            ScenarioFailure.Unless(await guest.PowerStateAsync(cancel) == "Running", $"{guest.Name} is {await guest.PowerStateAsync(cancel)}");
            await guest.VerifyAsync(machine, cancel);
        }
    }

    private async Task RebootAsync(CancellationToken cancel)
    {
        int domid = await paravirtual!.DomidAsync(cancel);
        await paravirtual.CallAsync("VM.clean_reboot", cancel);
        await paravirtual.WaitForAsync(machine, "disk xvda ok", 2, cancel);
        ScenarioFailure.Unless(await paravirtual.DomidAsync(cancel) != domid, "the same domain");
    }

    private async Task CrashAsync(CancellationToken cancel)
    {
        int domid = await hardware!.DomidAsync(cancel);
        await hardware.TypeAsync(machine, "echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger", cancel);
        await hardware.WaitForAsync(machine, "guest kind PVH", 2, cancel);
        await hardware.VerifyAsync(machine, cancel);
        await WaitUntilAsync("the new domain is known", async token => await hardware.DomidAsync(token) > domid, cancel);
    }

    private async Task ShutdownAsync(CancellationToken cancel)
    {
        await paravirtual!.CallAsync("VM.clean_shutdown", cancel);
        await hardware!.CallAsync("VM.clean_shutdown", cancel);
        await memory!.CallAsync("VM.hard_shutdown", cancel);
        foreach (var guest in new[] { memory, paravirtual, hardware })
        {
            ScenarioFailure.Unless(await guest.PowerStateAsync(cancel) == "Halted", $"{guest.Name} is {await guest.PowerStateAsync(cancel)}");
            await guest.DestroyAsync(cancel);
        }
    }

    /// <summary>No domain but the first, no node of a guest in xenstore, no loop device, no port of the bridge, no mapping of foreign memory.</summary>
    private static Task NothingIsLeftAsync(TestMachine host, CancellationToken cancel) => WaitUntilAsync("nothing is left", async token =>
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

    /// <summary>Tries until it succeeds; the last failure is the check's.</summary>
    private static async Task WaitUntilAsync(string what, Func<CancellationToken, Task<bool>> condition, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Limits.Guest);
        string last = "";
        while (true)
        {
            try
            {
                if (await condition(deadline.Token))
                {
                    return;
                }

                await Task.Delay(Limits.Poll, deadline.Token);
            }
            catch (Exception error) when (error is EndToEnd.Client.XenApiFailure or ScenarioFailure)
            {
                last = error.Message;
                await Task.Delay(Limits.Poll, CancellationToken.None);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                throw new ScenarioFailure($"not within {Limits.Guest.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s: {what}: {last}");
            }

            if (deadline.IsCancellationRequested)
            {
                throw new ScenarioFailure($"not within {Limits.Guest.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s: {what}: {last}");
            }
        }
    }
}
