using System.Globalization;
using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>One VM with a guest in it: Linux, or the one without an operating system. What it says stands in its console's log.</summary>
internal sealed class Guest(XenApiClient client, string reference, string name, TestMachine machine)
{
    public const string Memory = "/srv/guest/pvh-guest";
    public const string Linux = "/srv/guest/guest-kernel";

    private const long Mib = 1 << 20;

    // What a small guest does not need is left out, since an emulated machine takes long for it.
    private const string LinuxArguments =
        "console=hvc0 loglevel=4 mitigations=off rodata=off apparmor=0 audit=0 lsm=capability random.trust_cpu=on tsc=reliable ipv6.disable=1 "
        + "test.data=2 test.peer=192.168.77.1 test.address=";

    public string Ref => reference;

    public string Name => name;

    /// <summary>Where it is, or is to be started.</summary>
    public TestMachine Machine { get; set; } = machine;

    /// <summary>Makes a halted VM. <paramref name="address"/> is a Linux guest's on the bridge.</summary>
    public static async Task<Guest> CreateAsync(
        XenApiClient client, TestMachine machine, string name, string kind, string kernel, int memoryMib, string address, CancellationToken cancel)
    {
        var records = await client.MapAsync("VM.get_all_records", cancel);
        string template = records.First(static entry =>
            entry.Value is Dictionary<string, object> record && record["is_a_template"] is true && record["is_a_snapshot"] is false).Key;
        string vm = await client.TextAsync("VM.clone", cancel, template, name);
        string bytes = Bytes(memoryMib);
        await client.CallAsync("VM.set_is_a_template", cancel, vm, false);
        await client.CallAsync("VM.set_memory_limits", cancel, vm, Bytes(memoryMib / 2), bytes, bytes, bytes);
        await client.CallAsync("VM.set_domain_type", cancel, vm, kind);
        await client.CallAsync("VM.set_PV_bootloader", cancel, vm, "");
        await client.CallAsync("VM.set_PV_kernel", cancel, vm, kernel);
        if (kernel == Memory)
        {
            // It never rests: beside it the others must get on.
            await client.CallAsync("VM.add_to_VCPUs_params", cancel, vm, "weight", "8");
        }
        else
        {
            await client.CallAsync("VM.set_PV_ramdisk", cancel, vm, "/srv/guest/guest-initrd");
            await client.CallAsync("VM.set_PV_args", cancel, vm, LinuxArguments + address);
        }

        return new Guest(client, vm, name, machine);
    }

    /// <summary>A number of bytes as XenAPI takes it.</summary>
    public static string Bytes(int mib) => (mib * Mib).ToString(CultureInfo.InvariantCulture);

    /// <summary>Gives it processors, more than the machine may have.</summary>
    public async Task SetVcpusAsync(int count, CancellationToken cancel)
    {
        await client.CallAsync("VM.add_to_platform", cancel, reference, "vcpu-unrestricted", "true");
        string text = count.ToString(CultureInfo.InvariantCulture);
        await client.CallAsync("VM.set_VCPUs_max", cancel, reference, text);
        await client.CallAsync("VM.set_VCPUs_at_startup", cancel, reference, text);
    }

    /// <summary>Starts it on its machine.</summary>
    public async Task StartAsync(CancellationToken cancel) =>
        await CallAsync("VM.start_on", cancel, await Machine.HostAsync(client, cancel), false, false);

    public async Task ResumeAsync(CancellationToken cancel) =>
        await CallAsync("VM.resume_on", cancel, await Machine.HostAsync(client, cancel), false, false);

    /// <summary>Calls a method on the VM and waits for its end, however long that takes.</summary>
    public async Task CallAsync(string method, CancellationToken cancel, params object[] arguments)
    {
        string task = await client.TextAsync("Async." + method, cancel, [reference, .. arguments]);
        await FinishAsync(task, cancel);
    }

    /// <summary>Waits for a task's end; raises its failure.</summary>
    public async Task FinishAsync(string task, CancellationToken cancel)
    {
        while (await client.TextAsync("task.get_status", cancel, task) is "pending" or "cancelling")
        {
            await Task.Delay(Limits.Poll, cancel);
        }

        await client.WaitForTaskAsync(task, null, cancel);
    }

    public Task<string> PowerStateAsync(CancellationToken cancel) => client.TextAsync("VM.get_power_state", cancel, reference);

    public async Task<int> DomidAsync(CancellationToken cancel) =>
        int.Parse(await client.TextAsync("VM.get_domid", cancel, reference), CultureInfo.InvariantCulture);

    /// <summary>All that guests of that name have said on its machine.</summary>
    public async Task<string[]> SaidAsync(CancellationToken cancel) => (await Machine.SaidAsync(name, cancel)).Split('\n');

    /// <summary>Waits until a line that begins like this has been said <paramref name="times"/> times, and gives the last one.</summary>
    public async Task<string> WaitForAsync(string beginning, int times, CancellationToken cancel)
    {
        string[] said = [];
        string last = "";
        await Waiting.UntilAsync(
            () => $"{name} says '{beginning}' for time {times}, after {string.Join(" | ", said.TakeLast(Limits.LogLines))}",
            async token =>
            {
                said = await SaidAsync(token);
                var found = said.Where(line => line.StartsWith(beginning, StringComparison.Ordinal)).ToList();
                last = found.Count > 0 ? found[^1].TrimEnd('\r') : "";
                return found.Count >= times;
            },
            cancel);
        return last;
    }

    /// <summary>How often a line that begins like this has been said so far.</summary>
    public async Task<int> CountAsync(string beginning, CancellationToken cancel) =>
        (await SaidAsync(cancel)).Count(line => line.StartsWith(beginning, StringComparison.Ordinal));

    /// <summary>Waits for a few more signs of life; none of all so far may tell of bad memory or a bad device.</summary>
    public async Task VerifyAsync(CancellationToken cancel)
    {
        string sign = (await SaidAsync(cancel)).Any(static line => line.StartsWith("counter=", StringComparison.Ordinal)) ? "counter=" : "tick ";
        await WaitForAsync(sign, await CountAsync(sign, cancel) + 2, cancel);
        foreach (string line in await SaidAsync(cancel))
        {
            bool bad = line.Contains("BAD", StringComparison.Ordinal)
                || (line.StartsWith("counter=", StringComparison.Ordinal) && line.Contains("errors=", StringComparison.Ordinal) && !line.Contains(" errors=0 ", StringComparison.Ordinal));
            ScenarioFailure.Unless(!bad, $"{name} said: {line}");
        }
    }

    /// <summary>The number of the last sign of life.</summary>
    public async Task<int> TickAsync(CancellationToken cancel)
    {
        string line = await WaitForAsync("tick ", 1, cancel);
        return int.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>Types a line on the guest's console.</summary>
    public async Task TypeAsync(string line, CancellationToken cancel)
    {
        int domid = await DomidAsync(cancel);
        await Machine.RunAsync($"echo '{line}' > $(xenstore-read /local/domain/{domid}/console/tty)", cancel);
    }

    public async Task DestroyAsync(CancellationToken cancel)
    {
        if (await PowerStateAsync(cancel) != "Halted")
        {
            await CallAsync("VM.hard_shutdown", cancel);
        }

        await client.CallAsync("VM.destroy", cancel, reference);
    }
}
