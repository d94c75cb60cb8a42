using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>What is shown on a real Xen: the life of a PVH guest on one host and of PV guests on the other, at the same time, then the PVH
/// guest's moves between the two; later checks use the guests of earlier ones.</summary>
internal sealed partial class Scenario : IDisposable
{
    private readonly Checks checks;
    private readonly TestMachine machine;
    private readonly TestMachine other;
    private readonly XenApiClient client;
    private Devices? devices;

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
            await Task.WhenAll(StartAsync(first), StartAsync(second));
            client = await first.LoginAsync(cancel);

            async Task StartAsync(TestMachine machine)
            {
                await machine.WaitReadyAsync(cancel);
                await machine.StartToolstackAsync(cancel);
            }
        });
        if (!up)
        {
            return;
        }

        using Scenario scenario = new(checks, first, second, client!);
        await (part == Parts.Memory ? scenario.RunMemoryAsync() : scenario.RunAllAsync());
    }

    public void Dispose() => client.Dispose();

    private async Task RunAllAsync()
    {
        if (!await checks.RunAsync("the second host joins the pool of the first", JoinAsync)
            || !await checks.RunAsync("storage of both hosts and a network for guests", async cancel => devices = await Devices.CreateAsync(client, cancel)))
        {
            return;
        }

        await Task.WhenAll(
            checks.RunAsync("the host record is that of the machine", HostIsRealAsync),
            RunHardwareAsync(),
            RunParavirtualAsync());
        if (hardware is { } mover)
        {
            await RunMovingAsync(mover);
        }

        await checks.RunAsync("nothing is left in the storage", StorageIsEmptyAsync);
        await checks.RunAsync("nothing is left of the guests", cancel => NothingIsLeftAsync(machine, cancel));
        await checks.RunAsync("nothing is left on the other host", cancel => NothingIsLeftAsync(other, cancel));
    }

    private async Task JoinAsync(CancellationToken cancel)
    {
        using (var joiner = await other.LoginAsync(cancel))
        {
            await joiner.CallAsync("pool.join", cancel, machine.LinkAddress, TestMachine.User, TestMachine.Password);
        }

        await Waiting.UntilAsync("both hosts are enabled", async token =>
        {
            var hosts = await client.MapAsync("host.get_all_records", token);
            return hosts.Count == 2 && hosts.Values.All(static host => ((Dictionary<string, object>)host)["enabled"] is true);
        }, cancel);
    }

    private async Task HostIsRealAsync(CancellationToken cancel)
    {
        string reference = await machine.HostAsync(client, cancel);
        var host = await client.MapAsync("host.get_record", cancel, reference);
        var capabilities = ((object[])host["capabilities"]).Cast<string>().ToArray();
        ScenarioFailure.Unless(capabilities.Contains("xen-3.0-x86_64") && capabilities.Contains("hvm-3.0-x86_64"), "capabilities: " + string.Join(' ', capabilities));
        var cpu = (Dictionary<string, object>)host["cpu_info"];
        ScenarioFailure.Unless((string)cpu["cpu_count"] == "1" && ((string)cpu["features_hvm"]).Length > 8, "CPUs: " + cpu["cpu_count"] + " " + cpu["features_hvm"]);
        string console = await client.TextAsync("host.dmesg", cancel, reference);
        ScenarioFailure.Unless(console.Contains("Dom0 has maximum 1 VCPUs", StringComparison.Ordinal), "Xen's console: " + console);
    }

    /// <summary>Away into a file and back, on the host where it is.</summary>
    private static async Task SuspendAsync(Guest guest, CancellationToken cancel)
    {
        int tick = await guest.TickAsync(cancel);
        await guest.CallAsync("VM.suspend", cancel);
        ScenarioFailure.Unless(await guest.PowerStateAsync(cancel) == "Suspended", $"{guest.Name} is {await guest.PowerStateAsync(cancel)}");
        await guest.ResumeAsync(cancel);
        await guest.VerifyAsync(cancel);
        int after = await guest.TickAsync(cancel);
        ScenarioFailure.Unless(after > tick, $"{guest.Name} counts {after} after {tick}");
    }

    private static async Task EndAsync(Guest guest, CancellationToken cancel)
    {
        await guest.CallAsync("VM.clean_shutdown", cancel);
        ScenarioFailure.Unless(await guest.PowerStateAsync(cancel) == "Halted", $"{guest.Name} is {await guest.PowerStateAsync(cancel)}");
        await guest.DestroyAsync(cancel);
    }
}
