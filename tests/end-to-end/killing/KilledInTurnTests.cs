using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool whose xenopsds take up soon what a former one left.</summary>
public sealed class KilledInTurnFixture : PoolFixture
{
    protected override PoolOptions Options => new() { XenopsdLines = ["migration-recovery-interval = 1"] };
}

/// <summary>Three VMs go to and fro between two hosts while every daemon of either is killed in turn: after each death all of them travel on, in the end each
/// lives once and whole, and whatever failed on the way failed with a name. <c>make soak-kill</c> runs it alone.</summary>
public sealed class KilledInTurnTests(KilledInTurnFixture fixture) : IClassFixture<KilledInTurnFixture>
{
    private const int Vms = 3;
    private const int MemoryMib = 16;
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    [Fact]
    public async Task EveryVmTravelsOnAndEveryFailureHasAName()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var cancel = deadline.Token;
        List<RunningVm> vms = [];
        try
        {
            for (int i = 0; i < Vms; i++)
            {
                vms.Add(await fixture.StartVmAsync(cancel, MemoryMib, 1 + (i % 2)));
            }

            var before = await Task.WhenAll(vms.Select(vm => vm.VerifyMemoryAsync(cancel)));
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            Traveller[] travellers = [.. vms.Select(vm => new Traveller(fixture, vm.Ref, stop.Token))];
            var journeys = Task.WhenAll(travellers.Select(static t => t.RunAsync()));
            foreach (var daemon in fixture.Pool.Hosts.SelectMany(static h => (ManagedDaemon[])[h.Xapi, h.Xenopsd, h.Switch]))
            {
                await TravelOnAsync(travellers, journeys, cancel);
                int pid = daemon.Pid;
                daemon.Kill();
                await daemon.WaitForRestartAsync(pid, cancel);
            }

            await TravelOnAsync(travellers, journeys, cancel);
            await stop.CancelAsync();
            await journeys;
            await fixture.Pool.WaitUntilLiveAsync(cancel);
            foreach (var (vm, memory) in vms.Zip(before))
            {
                await AssertWholeAsync(vm, memory, cancel);
            }

            Assert.Equal(Vms, await DomainsAsync(cancel));
            Assert.DoesNotContain(travellers.SelectMany(static t => t.Failures), static f => f.StartsWith("INTERNAL_ERROR", StringComparison.Ordinal));
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

    /// <summary>Waits until every VM has arrived somewhere once more.</summary>
    private async Task TravelOnAsync(Traveller[] travellers, Task journeys, CancellationToken cancel)
    {
        int[] sofar = [.. travellers.Select(static t => t.Arrivals)];
        while (!journeys.IsCompleted && travellers.Zip(sofar).Any(static t => t.First.Arrivals == t.Second))
        {
            Assert.False(cancel.IsCancellationRequested, $"somebody does not travel: {string.Join("; ", travellers.Select(static t => string.Join(", ", t.Failures.TakeLast(1))))}\n{fixture.LogTails()}");
            await Task.Delay(Poll, CancellationToken.None);
        }

        if (journeys.IsCompleted)
        {
            await journeys;
        }
    }

    private async Task AssertWholeAsync(RunningVm vm, GuestMemory before, CancellationToken cancel)
    {
        await fixture.Client.LoginAsync(DevelopmentPool.User, fixture.Pool.Password, cancel);
        while (!await IsSettledAsync(vm, cancel))
        {
            await Task.Delay(Poll, cancel);
        }

        var after = await vm.VerifyMemoryAsync(cancel);
        Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));
        Assert.True(after.Counter >= before.Counter, $"the guest went back from {before.Counter} to {after.Counter}");
    }

    /// <summary>It runs where the database says, and nowhere else.</summary>
    private async Task<bool> IsSettledAsync(RunningVm vm, CancellationToken cancel)
    {
        string uuid = await fixture.Client.TextAsync("VM.get_uuid", cancel, vm.Ref);
        int home = await fixture.ResidentOnAsync(vm.Ref, cancel);
        foreach (var host in fixture.Pool.Hosts)
        {
            using var simulator = SimulatorControl.Open(host);
            bool lives = await simulator.DomainOfAsync(uuid, cancel) is { dying: false, shutdown_code: null };
            if (lives != (host.Number == home))
            {
                return false;
            }
        }

        return await vm.PowerStateAsync(cancel) == "Running"
            && ((Dictionary<string, object>)await fixture.Client.CallAsync("VM.get_current_operations", cancel, vm.Ref)).Count == 0;
    }

    private async Task<int> DomainsAsync(CancellationToken cancel)
    {
        int domains = 0;
        foreach (var host in fixture.Pool.Hosts)
        {
            using var simulator = SimulatorControl.Open(host);
            domains += (await simulator.DomainsAsync(cancel)).Count(static d => d.domid != 0);
        }

        return domains;
    }

    /// <summary>Migrates one VM to the host it is not on until it is stopped; what fails is noted and tried again.</summary>
    private sealed class Traveller(KilledInTurnFixture fixture, string vm, CancellationToken stop)
    {
        private readonly List<string> failures = [];
        private volatile int arrivals;

        internal int Arrivals => arrivals;

        internal IReadOnlyList<string> Failures
        {
            get
            {
                lock (failures)
                {
                    return [.. failures];
                }
            }
        }

        internal async Task RunAsync()
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    using var client = await fixture.Pool.LoginAsync(CancellationToken.None);
                    while (!stop.IsCancellationRequested)
                    {
                        await GoAsync(client);
                    }
                }
                catch (Exception failure) when (failure is XenApiFailure or HttpRequestException or IOException)
                {
                    lock (failures)
                    {
                        failures.Add(failure.Message);
                    }

                    await Task.Delay(Poll, CancellationToken.None);
                }
            }
        }

        private async Task GoAsync(XenApiClient client)
        {
            var here = await client.TextAsync("VM.get_resident_on", CancellationToken.None, vm);
            var hosts = ((object[])await client.CallAsync("host.get_all", CancellationToken.None)).Cast<string>();
            await client.CallAsync(
                "VM.pool_migrate", CancellationToken.None, vm, hosts.First(host => host != here), new Dictionary<string, string> { ["live"] = "true" });
            arrivals++;
        }
    }
}
