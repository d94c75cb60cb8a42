using System.Globalization;
using Toolstack.Hosting.Switch;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Switch;

/// <summary>Messages of a day, without growth of memory: every tenth of them the resident memory of the switch is written down.
/// SOAK_MESSAGES sets how many (make soak-switch: ten million).</summary>
public sealed class SwitchSoakTests(ITestOutputHelper output)
{
    private const int Default = 100_000;
    private const int AtOnce = 64;
    private const double AllowedMib = 6;

    // Code compiled while it runs, and again when it has run often.
    private const double CompilerMib = 24;

    [Fact]
    public async Task Memory_does_not_grow_with_what_passed()
    {
        var messages = int.TryParse(Environment.GetEnvironmentVariable("SOAK_MESSAGES"), NumberStyles.None, CultureInfo.InvariantCulture, out var set) ? set : Default;
        await using var world = new SwitchUnderTest();
        await world.StartAsync();
        await using var server = world.Connect("soak-server");
        await using var listener = world.Connect("soak-listener");
        await using var client = world.Connect("soak-client");
        using var stop = new CancellationTokenSource();
        var serving = server.ServeAsync("soak", static (request, _) => ValueTask.FromResult(request.Payload), AtOnce, stop.Token);
        await client.CreateAsync("soak.stored", transient: false, CancellationToken.None);
        var listening = listener.ServeAsync("soak.stored", static (_, _) => ValueTask.FromResult<ReadOnlyMemory<byte>>(default), AtOnce, broadcast: true, stop.Token);

        // The first tenth fills every buffer and pool; from then on nothing may be added to them.
        const int parts = 10;
        var resident = new List<double>();
        for (var part = 0; part < parts; part++)
        {
            await PassAsync(client, messages / parts);
            resident.Add(ResidentMib(world.Pid));
            var line = $"{(part + 1L) * messages / parts} messages: switch {resident[^1]:0.0} MiB resident, this process {GC.GetTotalMemory(false) / 1048576.0:0.0} MiB live";
            output.WriteLine(line);
        }

        // What a busy phase left behind is given back when a connection ends, at the latest some seconds later.
        var figures = string.Join(", ", resident.Select(mib => $"{mib:0.0}"));
        var patience = Environment.TickCount64 + (long)SwitchUnderTest.Patience.TotalMilliseconds;
        var allowed = resident[0] + AllowedMib + (await IsCompiledAsItRunsAsync(world.Pid) ? CompilerMib : 0);
        while (ResidentMib(world.Pid) is var now && now > allowed)
        {
            Assert.True(Environment.TickCount64 < patience, $"{figures}, and {now:0.0} MiB when it had time to give back");
            await using (world.Connect("soak-visitor"))
            {
                await Task.Delay(500);
            }
        }

        Assert.All((await client.ListAsync("soak", CancellationToken.None)), queue => Assert.Equal((0, 0L), (queue.Waiting, queue.Bytes)));
        await stop.CancelAsync();
        await Task.WhenAll(serving, listening);
    }

    /// <summary>So many messages: calls of many sizes (a request and a response each), now and then a stored one or a large one.</summary>
    private static async Task PassAsync(SwitchConnection client, int messages) => await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(async caller =>
    {
        var (small, large) = (new byte[4000], new byte[100_000]);
        var rest = messages / AtOnce;
        for (var round = 0; rest > 0; round++)
        {
            if (round % 50 == 49)
            {
                await client.StoreAsync("soak.stored", small.AsMemory(0, 100), CancellationToken.None);
                rest--;
                continue;
            }

            var payload = round % 1000 == caller ? large : small.AsMemory(0, round * 37 % small.Length);
            using var reply = await client.CallUncopiedAsync("soak", payload, SwitchUnderTest.Patience, false, CancellationToken.None);
            Assert.Equal(payload.Length, reply.Payload.Length);
            rest -= 2;
        }
    }));

    private static async Task<bool> IsCompiledAsItRunsAsync(int pid) =>
        (await File.ReadAllTextAsync($"/proc/{pid}/maps")).Contains("libclrjit", StringComparison.Ordinal);

    private static double ResidentMib(int pid)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(text => text.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }
}
