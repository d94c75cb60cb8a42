using System.Globalization;

namespace Toolstack.Tests.Xen;

/// <summary>What the daemons hold in memory, beside Xen's own; the second host's xenstore is the one written in OCaml.</summary>
internal sealed partial class Scenario
{
    private const int ManyGuests = 10;
    private const int ManyGuestsMib = 16;

    private static readonly string[] Measured = ["message-switch", "xenopsd", "xapi", "xenstored", "oxenstored", "xenconsoled"];

    private async Task RunMemoryAsync()
    {
        if (!await checks.RunAsync("the second host joins the pool of the first", JoinAsync))
        {
            return;
        }

        await Task.WhenAll(new[] { machine, other }.Select(host => checks.RunAsync(
            $"memory of the daemons of {host.Name} with no guest and with {ManyGuests}", cancel => MemoryAsync(host, cancel))));
    }

    private async Task MemoryAsync(TestMachine host, CancellationToken cancel)
    {
        var before = await ResidentAsync(host, cancel);
        List<Guest> guests = [];
        for (int i = 0; i < ManyGuests; i++)
        {
            var guest = await Guest.CreateAsync(client, host, $"{host.Name}-{i}", "pvh", Guest.Memory, ManyGuestsMib, "", cancel);
            guests.Add(guest);
            await guest.StartAsync(cancel);
            await guest.WaitForAsync("counter=", 1, cancel);

            // It would take all of the processor; as a paused one it is there all the same.
            await guest.CallAsync("VM.pause", cancel);
        }

        var after = await ResidentAsync(host, cancel);
        string Line(string name) => string.Create(
            CultureInfo.InvariantCulture, $"    {name,-16}{before[name] / 1024.0,8:0.0}{after[name] / 1024.0,8:0.0}");
        Console.WriteLine($"    {host.Name,-16}{0,8}{ManyGuests,8} guests; resident memory in MiB\n"
            + string.Join('\n', Measured.Where(after.ContainsKey).Select(Line)));
        foreach (var guest in guests)
        {
            await guest.DestroyAsync(cancel);
        }
    }

    /// <summary>Resident memory in KiB of each daemon that runs.</summary>
    private static async Task<Dictionary<string, int>> ResidentAsync(TestMachine host, CancellationToken cancel)
    {
        string text = await host.RunAsync(
            $"for name in {string.Join(' ', Measured)}; do for p in $(pidof $name); do echo $name $(awk '/^VmRSS:/ {{ print $2 }}' /proc/$p/status); done; done",
            cancel);
        return text.Split('\n').Select(static line => line.Split(' ')).ToDictionary(
            static words => words[0], static words => int.Parse(words[1], CultureInfo.InvariantCulture));
    }
}
