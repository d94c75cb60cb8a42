using System.Diagnostics;
using System.Globalization;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool of three hosts whose xenopsds take up soon what a former one left.</summary>
public sealed class RandomKillFixture : PoolFixture
{
    protected override PoolOptions Options => new() { Hosts = 3, XenopsdLines = ["migration-recovery-interval = 1"] };
}

/// <summary>Four VMs migrate at random between three hosts while daemons are killed at random, up to three of the nine at once. After each round every VM
/// travels on, and in the end each lives once and whole. Not part of <c>make test</c>: <c>make soak-kill</c> runs it, KILL_ROUNDS long; KILL_SEED repeats a
/// run's choices.</summary>
public sealed class RandomKillTests(RandomKillFixture fixture, ITestOutputHelper output) : IClassFixture<RandomKillFixture>
{
    private const int Vms = 4;
    private const int MemoryMib = 16;

    /// <summary>How long a VM may take to arrive somewhere after a round, and the pool to come to rest in the end.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    /// <summary>How many die in a round, and how far apart.</summary>
    private static readonly int[] Victims = [1, 1, 2, 2, 3];
    private static readonly int[] PausesMs = [0, 0, 50, 300, 1000];

    [Fact(Explicit = true)]
    public async Task EveryVmTravelsOnAfterEveryRound()
    {
        int rounds = Setting("KILL_ROUNDS", 50);
        int seed = Setting("KILL_SEED", Environment.TickCount & int.MaxValue);
        output.WriteLine($"KILL_SEED={seed} KILL_ROUNDS={rounds}");
        List<RunningVm> vms = [];
        try
        {
            using var beginning = new CancellationTokenSource(Patience);
            for (int i = 0; i < Vms; i++)
            {
                vms.Add(await fixture.StartVmAsync(beginning.Token, MemoryMib, 1 + (i % 3)));
            }

            var before = await Task.WhenAll(vms.Select(vm => vm.VerifyMemoryAsync(beginning.Token)));
            await TravelAsync(vms, seed, rounds);
            using var end = new CancellationTokenSource(Patience);
            await new Survivors(fixture).AssertWholeAsync(vms, before, end.Token);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw new InvalidOperationException($"KILL_SEED={seed}\n{fixture.LogTails()}", failure);
        }
        finally
        {
            await fixture.Client.LoginAsync(DevelopmentPool.User, fixture.Pool.Password, CancellationToken.None);
            foreach (var vm in vms)
            {
                await vm.DisposeAsync();
            }
        }
    }

    private async Task TravelAsync(List<RunningVm> vms, int seed, int rounds)
    {
        using var stop = new CancellationTokenSource();
        Traveller[] travellers = [.. vms.Select((vm, i) => new Traveller(fixture, vm.Ref, new Random(seed + 1 + i), stop.Token))];
        var journeys = Task.WhenAll(travellers.Select(static t => t.RunAsync()));
        try
        {
            var random = new Random(seed);
            for (int round = 1; round <= rounds; round++)
            {
                string victims = await KillAsync(random);
                var clock = Stopwatch.StartNew();
                using var patience = new CancellationTokenSource(Patience);
                await Traveller.AllGoOnAsync(travellers, journeys, () => $"round {round}, after {victims} died", patience.Token);
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"round {round}: {victims}; all have travelled on after {clock.Elapsed.TotalSeconds:0.0} s"));
            }
        }
        finally
        {
            await stop.CancelAsync();
            await journeys;
            output.WriteLine(string.Join('\n', travellers.SelectMany(static t => t.Failures).Select(static f => f.Split(' ')[0])
                .GroupBy(static code => code).OrderByDescending(static g => g.Count()).Select(static g => $"{g.Count()} {g.Key}")));
        }

        Assert.DoesNotContain(travellers.SelectMany(static t => t.Failures), static f => f.StartsWith("INTERNAL_ERROR", StringComparison.Ordinal));
    }

    private async Task<string> KillAsync(Random random)
    {
        ManagedDaemon[] daemons = [.. fixture.Pool.Hosts.SelectMany(static h => (ManagedDaemon[])[h.Xapi, h.Xenopsd, h.Switch])];
        random.Shuffle(daemons);
        List<string> victims = [];
        foreach (var daemon in daemons.Take(Victims[random.Next(Victims.Length)]))
        {
            if (daemon.Running)
            {
                daemon.Kill();
                victims.Add($"{daemon.Name} of {fixture.Pool.Hosts.Single(h => h.Daemons.Contains(daemon)).Number}");
            }

            await Task.Delay(PausesMs[random.Next(PausesMs.Length)]);
        }

        return string.Join(", ", victims);
    }

    private static int Setting(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out var value) ? value : otherwise;
}
