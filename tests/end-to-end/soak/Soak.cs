using System.Collections.Concurrent;
using System.Globalization;
using Toolstack.EndToEnd.Client;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Drives VMs through their lives at random, several at once, and compares what the pool says with what should have become of each.</summary>
internal sealed class Soak(StorageFixture fixture, int seed)
{
    private const int MemoryMib = 16;
    private const int WorkingSetMib = 4;
    private const int AtOnce = 6;

    private readonly ConcurrentQueue<string> trail = new();
    private readonly ConcurrentQueue<SoakVm> idle = new();
    private List<SoakVm> all = [];
    private int left;

    /// <summary>The last operations, for a failure's message.</summary>
    internal string Trail => string.Join("; ", trail);

    private XenApiClient Client => fixture.Client;

    internal async Task RunAsync(int vms, int steps, CancellationToken cancel)
    {
        await CreateAsync(vms, cancel);

        // A first round fills the pools of threads and connections, so that what grows afterwards is a leak.
        left = vms;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(worker => WorkAsync(new Random(seed - 1 - worker), cancel)));
        var before = Resources.Of(fixture.Pool);

        left = steps;
        await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(worker => WorkAsync(new Random(seed + worker), cancel)));
        foreach (var vm in all)
        {
            await CheckAsync(vm, cancel);
        }

        await new SoakInvariants(fixture).CheckOwnersAsync(all, cancel);
        await EndAsync(cancel);
        await new SoakInvariants(fixture).CheckEmptyAsync(cancel);
        Resources.Of(fixture.Pool).AssertNotBeyond(before);
    }

    private async Task CreateAsync(int vms, CancellationToken cancel)
    {
        for (var number = 0; number < vms; number++)
        {
            var reference = await TestVm.CreateAsync(Client, $"soak-{number}", MemoryMib, 50, cancel);
            await Client.CallAsync("VM.remove_from_platform", cancel, reference, "sim-working-set-mib");
            await Client.CallAsync("VM.add_to_platform", cancel, reference, "sim-working-set-mib", WorkingSetMib.ToString(CultureInfo.InvariantCulture));
            var vm = new SoakVm(number, reference, await Client.TextAsync("VM.get_uuid", cancel, reference));
            all.Add(vm);
            idle.Enqueue(vm);
        }
    }

    /// <summary>One VM after the other, each belonging to one worker at a time.</summary>
    private async Task WorkAsync(Random random, CancellationToken cancel)
    {
        while (Interlocked.Decrement(ref left) >= 0)
        {
            if (!idle.TryDequeue(out var vm))
            {
                return;
            }

            await StepAsync(vm, random, cancel);
            idle.Enqueue(vm);
        }
    }

    private async Task StepAsync(SoakVm vm, Random random, CancellationToken cancel)
    {
        var host = random.Next(1, fixture.Pool.Hosts.Count + 1);
        var choice = random.Next(6);
        switch (vm.State)
        {
            case "Halted":
                await DoAsync(vm, "VM.start_on", cancel, await fixture.HostRefAsync(host, cancel), false, false);
                (vm.State, vm.Host, vm.Counter) = ("Running", host, 0);
                break;
            case "Suspended" when choice > 0:
                await DoAsync(vm, "VM.resume_on", cancel, await fixture.HostRefAsync(host, cancel), false, false);
                (vm.State, vm.Host) = ("Running", host);
                await VerifyAsync(vm, cancel);
                break;
            case "Paused":
                await DoAsync(vm, "VM.unpause", cancel);
                vm.State = "Running";
                break;
            case "Running" when choice is 0 or 1:
                var target = vm.Host % fixture.Pool.Hosts.Count + 1;
                await DoAsync(vm, "VM.pool_migrate", cancel, await fixture.HostRefAsync(target, cancel), new Dictionary<string, string> { ["live"] = "true" });
                vm.Host = target;
                await VerifyAsync(vm, cancel);
                break;
            case "Running" when choice == 2:
                await VerifyAsync(vm, cancel);
                await DoAsync(vm, "VM.suspend", cancel);
                (vm.State, vm.Host) = ("Suspended", 0);
                break;
            case "Running" when choice == 3:
                await DoAsync(vm, "VM.pause", cancel);
                vm.State = "Paused";
                break;
            case "Running" when choice == 4:
                await DoAsync(vm, "VM.hard_reboot", cancel);
                vm.Counter = 0;
                break;
            default:
                await DoAsync(vm, vm.State == "Running" && host == 1 ? "VM.clean_shutdown" : "VM.hard_shutdown", cancel);
                (vm.State, vm.Host) = ("Halted", 0);
                break;
        }

        await CheckAsync(vm, cancel);
    }

    private async Task DoAsync(SoakVm vm, string method, CancellationToken cancel, params object[] arguments)
    {
        trail.Enqueue($"{vm.Number} {method[3..]}");
        if (trail.Count > 20)
        {
            trail.TryDequeue(out _);
        }

        await Client.CallAsync(method, cancel, [vm.Reference, .. arguments]);
    }

    private async Task VerifyAsync(SoakVm vm, CancellationToken cancel)
    {
        var memory = await GuestMemory.VerifyAsync(Client, vm.Reference, cancel);
        Assert.Equal((vm.Number, 0L), (vm.Number, memory.Errors));
        Assert.True(memory.Counter >= vm.Counter, $"VM {vm.Number} went back from {vm.Counter} to {memory.Counter}");
        vm.Counter = memory.Counter;
    }

    private async Task CheckAsync(SoakVm vm, CancellationToken cancel)
    {
        var record = await Client.MapAsync("VM.get_record", cancel, vm.Reference);
        Assert.Equal((vm.Number, vm.State, vm.Host), (vm.Number, (string)record["power_state"], await fixture.ResidentOnAsync(vm.Reference, cancel)));
        Assert.Equal(vm.State == "Suspended", (string)record["suspend_VDI"] != StorageFixture.NoRef);
    }

    private async Task EndAsync(CancellationToken cancel)
    {
        foreach (var vm in all)
        {
            if (vm.State != "Halted")
            {
                await Client.CallAsync("VM.hard_shutdown", cancel, vm.Reference);
            }

            await Client.CallAsync("VM.destroy", cancel, vm.Reference);
        }

        all = [];
    }
}

/// <summary>A VM of the soak, and what should be true of it: its power state, the number of its host (0: none), and how far its guest has counted.</summary>
internal sealed class SoakVm(int number, string reference, string uuid)
{
    internal int Number => number;

    internal string Reference => reference;

    internal string Uuid => uuid;

    internal string State { get; set; } = "Halted";

    internal int Host { get; set; }

    internal long Counter { get; set; }
}
