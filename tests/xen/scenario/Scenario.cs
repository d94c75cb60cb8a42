using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>What is shown on a real Xen, in order; later checks use the guests of earlier ones.</summary>
internal sealed partial class Scenario : IDisposable
{
    private readonly Checks checks;
    private readonly TestMachine machine;
    private readonly TestMachine other;
    private readonly XenApiClient client;
    private Devices? devices;
    private Guest? paravirtual;
    private Guest? hardware;
    private Guest? memory;
    private Guest? mover;

    private Scenario(Checks checks, TestMachine machine, TestMachine other, XenApiClient client)
    {
        this.checks = checks;
        this.machine = machine;
        this.other = other;
        this.client = client;
    }

    public static async Task RunAsync(Checks checks, TestMachine first, TestMachine second, string? part)
    {
        XenApiClient? client = null;
        bool up = await checks.RunAsync("two machines boot and the toolstack serves XenAPI", async cancel =>
        {
            string secret = Guid.NewGuid().ToString();
            foreach (var machine in new[] { first, second })
            {
                await machine.WaitReadyAsync(cancel);
                await machine.StartToolstackAsync(secret, cancel);
            }

            client = await first.LoginAsync(cancel);
        });
        if (!up)
        {
            return;
        }

        using Scenario scenario = new(checks, first, second, client!);
        await scenario.RunPartsAsync(part);
    }

    public void Dispose() => client.Dispose();

    private async Task RunPartsAsync(string? part)
    {
        await checks.RunAsync("the host record is that of the machine", HostIsRealAsync);
        if (!await checks.RunAsync("storage and a network for guests", async cancel => devices = await Devices.CreateAsync(client, cancel)))
        {
            return;
        }

        if (part is null or "life")
        {
            await RunLifeAsync();
        }

        if (part is null or "moving")
        {
            await RunMovingAsync();
        }

        await checks.RunAsync("nothing is left of the guests", cancel => NothingIsLeftAsync(machine, cancel));
        await checks.RunAsync("nothing is left on the other host", cancel => NothingIsLeftAsync(other, cancel));
    }

    private async Task RunLifeAsync()
    {
        if (!await checks.RunAsync("a PVH guest without an operating system starts and writes on its console", MemoryGuestAsync)
            || !await checks.RunAsync("PV and PVH Linux guests start with a disk and an interface", LinuxGuestsAsync))
        {
            return;
        }

        await checks.RunAsync("a disk and an interface are plugged into a running guest and taken away", HotplugAsync);
        await checks.RunAsync("a paused guest stands still", PauseAsync);
        await checks.RunAsync("guests outlive xenopsd, and its successor adopts them", AdoptionAsync);
        await checks.RunAsync("a guest reboots when asked", RebootAsync);
        await checks.RunAsync("a guest that crashes is started again", CrashAsync);
        await checks.RunAsync("a PV guest is suspended to a file and resumed", cancel => SuspendAsync(paravirtual!, cancel));
        await checks.RunAsync("guests end when asked", ShutdownAsync);
    }

    private async Task RunMovingAsync()
    {
        if (!await checks.RunAsync("both hosts are in the pool", PoolAsync)
            || !await checks.RunAsync("a PVH guest is started to be moved", MoverAsync))
        {
            return;
        }

        await checks.RunAsync("it is suspended to a file and resumed", cancel => SuspendAsync(mover!, cancel));
        await checks.RunAsync("it moves to the other host while it runs", cancel => MigrateAsync(machine, other, cancel));
        await checks.RunAsync("and back", cancel => MigrateAsync(other, machine, cancel));
        await checks.RunAsync("it outlives a xenopsd that dies while it is copied", KillDuringCopyAsync);
        await checks.RunAsync("it ends when asked", EndMoverAsync);
    }

    private async Task HostIsRealAsync(CancellationToken cancel)
    {
        var hosts = await client.MapAsync("host.get_all_records", cancel);
        var (reference, host) = hosts.Select(static entry => (entry.Key, (Dictionary<string, object>)entry.Value)).Single(entry => (string)entry.Item2["address"] == machine.LinkAddress);
        var capabilities = ((object[])host["capabilities"]).Cast<string>().ToArray();
        ScenarioFailure.Unless(capabilities.Contains("xen-3.0-x86_64") && capabilities.Contains("hvm-3.0-x86_64"), "capabilities: " + string.Join(' ', capabilities));
        var cpu = (Dictionary<string, object>)host["cpu_info"];
        ScenarioFailure.Unless((string)cpu["cpu_count"] == "1" && ((string)cpu["features_hvm"]).Length > 8, "CPUs: " + cpu["cpu_count"] + " " + cpu["features_hvm"]);
        string console = await client.TextAsync("host.dmesg", cancel, reference);
        ScenarioFailure.Unless(console.Contains("Dom0 has maximum 1 VCPUs", StringComparison.Ordinal), "Xen's console: " + console);
    }

    private async Task MemoryGuestAsync(CancellationToken cancel)
    {
        var guest = await Guest.CreateAsync(client, "memory", "pvh", Guest.Memory, 32, "", cancel);
        await guest.StartAsync(cancel);
        string line = await guest.WaitForAsync(machine, "counter=", 3, cancel);
        ScenarioFailure.Unless(line.Contains(" errors=0 ", StringComparison.Ordinal), line);
        memory = guest;
    }

    private async Task LinuxGuestsAsync(CancellationToken cancel)
    {
        var pv = await Guest.CreateAsync(client, "pv", "pv", Guest.Linux, 112, "192.168.77.10/24", cancel);
        var pvh = await Guest.CreateAsync(client, "pvh", "pvh", Guest.Linux, 112, "192.168.77.11/24", cancel);
        foreach (var guest in new[] { pv, pvh })
        {
            await devices!.AddDiskAsync(guest, "0", cancel);
            await devices.AddInterfaceAsync(guest, "0", cancel);
            await guest.StartAsync(cancel);
        }

        await pv.WaitForAsync(machine, "guest kind PV vcpus 1", 1, cancel);
        await pvh.WaitForAsync(machine, "guest kind PVH vcpus 1", 1, cancel);
        foreach (var guest in new[] { pv, pvh })
        {
            await guest.WaitForAsync(machine, "disk xvda ok", 1, cancel);
            await guest.WaitForAsync(machine, "network eth0 ok", 1, cancel);
            await guest.VerifyAsync(machine, cancel);
        }

        (paravirtual, hardware) = (pv, pvh);
    }
}
