using System.Globalization;
using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>One VM with a guest in it: Linux, or the one without an operating system. What it says stands in its console's log.</summary>
internal sealed class Guest(XenApiClient client, string reference, string name)
{
    public const string Memory = "/srv/guest/pvh-guest";
    public const string Linux = "/srv/guest/guest-kernel";

    private const long Mib = 1 << 20;
    private const string LinuxArguments = "console=hvc0 loglevel=4 mitigations=off test.data=4 test.peer=192.168.77.1 test.address=";

    public string Ref => reference;

    public string Name => name;

    /// <summary>Makes a halted VM. <paramref name="address"/> is a Linux guest's on the bridge.</summary>
    public static async Task<Guest> CreateAsync(
        XenApiClient client, string name, string kind, string kernel, int memoryMib, string address, CancellationToken cancel)
    {
        var records = await client.MapAsync("VM.get_all_records", cancel);
        string template = records.First(static entry =>
            entry.Value is Dictionary<string, object> record && record["is_a_template"] is true && record["is_a_snapshot"] is false).Key;
        string vm = await client.TextAsync("VM.clone", cancel, template, name);
        string bytes = (memoryMib * Mib).ToString(CultureInfo.InvariantCulture);
        await client.CallAsync("VM.set_is_a_template", cancel, vm, false);
        await client.CallAsync("VM.set_memory_limits", cancel, vm, bytes, bytes, bytes, bytes);
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

        return new Guest(client, vm, name);
    }

    public Task StartAsync(CancellationToken cancel) => CallAsync("VM.start", cancel, false, false);

    /// <summary>Calls a method on the VM and waits for its end, however long that takes.</summary>
    public async Task CallAsync(string method, CancellationToken cancel, params object[] arguments)
    {
        string task = await client.TextAsync("Async." + method, cancel, [reference, .. arguments]);
        await client.WaitForTaskAsync(task, null, cancel);
    }

    public Task<string> PowerStateAsync(CancellationToken cancel) => client.TextAsync("VM.get_power_state", cancel, reference);

    public async Task<int> DomidAsync(CancellationToken cancel) =>
        int.Parse(await client.TextAsync("VM.get_domid", cancel, reference), CultureInfo.InvariantCulture);

    /// <summary>All that guests of that name have said on a machine.</summary>
    public async Task<string[]> SaidAsync(TestMachine machine, CancellationToken cancel) =>
        (await machine.RunAsync($"cat /var/log/xen/console/guest-{name}.log /var/log/xen/console/guest-{name}--incoming.log 2>/dev/null || true", cancel)).Split('\n');

    /// <summary>Waits until a line that begins like this has been said <paramref name="times"/> times, and gives the last one.</summary>
    public async Task<string> WaitForAsync(TestMachine machine, string beginning, int times, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(Limits.Guest);
        string[] said = [];
        try
        {
            while (true)
            {
                said = await SaidAsync(machine, deadline.Token);
                var found = said.Where(line => line.StartsWith(beginning, StringComparison.Ordinal)).ToList();
                if (found.Count >= times)
                {
                    return found[^1].TrimEnd('\r');
                }

                await Task.Delay(Limits.Poll, deadline.Token);
            }
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw new ScenarioFailure($"{name} did not say '{beginning}' {times} times: {string.Join(" | ", said.TakeLast(Limits.LogLines))}");
        }
    }

    /// <summary>How often a line that begins like this has been said so far.</summary>
    public async Task<int> CountAsync(TestMachine machine, string beginning, CancellationToken cancel) =>
        (await SaidAsync(machine, cancel)).Count(line => line.StartsWith(beginning, StringComparison.Ordinal));

    /// <summary>Waits for a few more signs of life; none of all so far may tell of bad memory.</summary>
    public async Task VerifyAsync(TestMachine machine, CancellationToken cancel)
    {
        string sign = (await SaidAsync(machine, cancel)).Any(static line => line.StartsWith("counter=", StringComparison.Ordinal)) ? "counter=" : "tick ";
        await WaitForAsync(machine, sign, await CountAsync(machine, sign, cancel) + 2, cancel);
        foreach (string line in await SaidAsync(machine, cancel))
        {
            bool bad = line.Contains("BAD", StringComparison.Ordinal)
                || (line.StartsWith("counter=", StringComparison.Ordinal) && line.Contains("errors=", StringComparison.Ordinal) && !line.Contains(" errors=0 ", StringComparison.Ordinal));
            ScenarioFailure.Unless(!bad, $"{name} said: {line}");
        }
    }

    /// <summary>Types a line on the guest's console.</summary>
    public async Task TypeAsync(TestMachine machine, string line, CancellationToken cancel)
    {
        int domid = await DomidAsync(cancel);
        await machine.RunAsync($"echo '{line}' > $(xenstore-read /local/domain/{domid}/console/tty)", cancel);
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
