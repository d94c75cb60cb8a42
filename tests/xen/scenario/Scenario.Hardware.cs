using System.Globalization;

namespace Toolstack.Tests.Xen;

/// <summary>The life of a PVH Linux guest with two processors, on the first host.</summary>
internal sealed partial class Scenario
{
    private const int HardwareMib = 96;
    private const int BalloonMib = 16;
    private const int BalloonToleranceMib = 1;
    private const string LoopDevice = "/dev/loop7";

    /// <summary>A domain that crashes within two minutes of its start is not started again. In seconds.</summary>
    private const int OldEnough = 121;

    private Guest? hardware;

    /// <summary>Seconds of its machine's own clock, after the start.</summary>
    private double hardwareSince;

    private async Task RunHardwareAsync()
    {
        if (!await checks.RunAsync("PVH: a guest with two processors, a disk and an interface starts", HardwareGuestAsync))
        {
            return;
        }

        await checks.RunAsync("PVH: its affinity, its share and the permissions of its nodes are those that were asked for", SettingsAsync);
        await checks.RunAsync("PVH: a processor goes while it runs", cancel => ProcessorsAsync("1", "now processors 0 ", cancel));
        await checks.RunAsync("PVH: it gives memory back and gets it again", BalloonAsync);
        await checks.RunAsync("PVH: a block device is plugged in and taken away", BlockDeviceAsync);
        await checks.RunAsync("PVH: it outlives xenopsd, whose successor adopts it", AdoptionAsync);
        await checks.RunAsync("PVH: it crashes and is started again, with one processor", CrashAsync);
        await checks.RunAsync("PVH: a processor comes while it runs", cancel => ProcessorsAsync("2", "now processors 0-1 ", cancel));
        await checks.RunAsync("PVH: it is suspended to a file and resumed", cancel => SuspendAsync(hardware!, cancel));
    }

    private async Task HardwareGuestAsync(CancellationToken cancel)
    {
        var guest = await Guest.CreateAsync(client, machine, "pvh", "pvh", Guest.Linux, HardwareMib, "192.168.77.11/24", cancel);
        await guest.SetVcpusAsync(2, cancel);
        await ScheduleAsync(guest, cancel);
        await StartWithDevicesAsync(guest, "guest kind PVH processors 0-1 ", cancel);
        hardware = guest;
    }

    /// <summary>Starts a Linux guest with a disk and an interface, and waits until both work.</summary>
    private async Task StartWithDevicesAsync(Guest guest, string greeting, CancellationToken cancel)
    {
        await devices!.AddDiskAsync(guest, "0", cancel);
        await devices.AddInterfaceAsync(guest, "0", cancel);
        await guest.StartAsync(cancel);
        if (guest.Machine == machine)
        {
            hardwareSince = await machine.UptimeAsync(cancel);
        }

        await guest.WaitForAsync(greeting, 1, cancel);
        await guest.WaitForAsync("disk xvda ok", 1, cancel);
        await guest.WaitForAsync("network eth0 ok", 1, cancel);
        await guest.VerifyAsync(cancel);
    }

    private async Task ProcessorsAsync(string count, string said, CancellationToken cancel)
    {
        await hardware!.CallAsync("VM.set_VCPUs_number_live", cancel, count);
        await hardware.WaitForAsync(said, 1, cancel);
    }

    private async Task BalloonAsync(CancellationToken cancel)
    {
        int before = await MemoryAsync();
        string less = Guest.Bytes(HardwareMib - BalloonMib), all = Guest.Bytes(HardwareMib);
        await hardware!.CallAsync("VM.set_memory_dynamic_range", cancel, less, less);
        await hardware.CallAsync("VM.wait_memory_target_live", cancel);
        await Waiting.UntilAsync("the guest has less memory", async _ => await MemoryAsync() <= before - BalloonMib + BalloonToleranceMib, cancel);
        await hardware.CallAsync("VM.set_memory_dynamic_range", cancel, all, all);
        await hardware.CallAsync("VM.wait_memory_target_live", cancel);
        await Waiting.UntilAsync("the guest has its memory again", async _ => await MemoryAsync() >= before - BalloonToleranceMib, cancel);
        await hardware.VerifyAsync(cancel);

        // What the guest said last of its memory, in MiB.
        async Task<int> MemoryAsync()
        {
            string line = (await hardware!.SaidAsync(cancel)).Last(static said => said.Contains(" memory ", StringComparison.Ordinal));
            return int.Parse(line.TrimEnd('\r').Split(' ')[^1], CultureInfo.InvariantCulture);
        }
    }

    private async Task BlockDeviceAsync(CancellationToken cancel)
    {
        await machine.RunAsync($"dd if=/dev/zero of=/var/block bs=1M count=4 2>/dev/null && losetup {LoopDevice} /var/block", cancel);
        string disk = await devices!.AddBlockDeviceAsync(hardware!, "1", LoopDevice, cancel);
        await client.CallAsync("VBD.plug", cancel, disk);
        await hardware!.WaitForAsync("disk xvdb ok", 1, cancel);
        int domid = await hardware.DomidAsync(cancel);
        string direct = await machine.RunAsync($"xenstore-read /local/domain/0/backend/vbd/{domid}/51728/physical-device", cancel);
        ScenarioFailure.Unless(direct == "7:7", $"the device is {direct}");
        await client.CallAsync("VBD.unplug", cancel, disk);
        await hardware.WaitForAsync("device xvdb gone", 1, cancel);
        await client.CallAsync("VBD.destroy", cancel, disk);
        await machine.RunAsync($"losetup -d {LoopDevice}; rm /var/block", cancel);
    }

    private async Task AdoptionAsync(CancellationToken cancel)
    {
        int domid = await hardware!.DomidAsync(cancel);
        await machine.RunAsync("daemon kill xenopsd", cancel);
        await hardware.VerifyAsync(cancel);
        await machine.RunAsync("daemon start xenopsd", cancel);
        await Waiting.UntilAsync("xenopsd answers", async token =>
        {
            await hardware.CallAsync("VM.pause", token);
            return true;
        }, cancel);
        await hardware.CallAsync("VM.unpause", cancel);
        ScenarioFailure.Unless(await hardware.DomidAsync(cancel) == domid, "another domain");
        ScenarioFailure.Unless(await hardware.PowerStateAsync(cancel) == "Running", $"it is {await hardware.PowerStateAsync(cancel)}");
        await hardware.VerifyAsync(cancel);
    }

    private async Task CrashAsync(CancellationToken cancel)
    {
        int domid = await hardware!.DomidAsync(cancel);
        await Waiting.UntilAsync("its domain is two minutes old", async token => await machine.UptimeAsync(token) - hardwareSince > OldEnough, cancel);
        await hardware.TypeAsync("echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger", cancel);
        await hardware.WaitForAsync("guest kind PVH processors 0 ", 1, cancel);
        await hardware.WaitForAsync("network eth0 ok", 2, cancel);
        await hardware.VerifyAsync(cancel);
        await Waiting.UntilAsync("the new domain is known", async token => await hardware.DomidAsync(token) > domid, cancel);
    }
}
