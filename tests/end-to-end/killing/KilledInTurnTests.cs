using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool whose xenopsds take up soon what a former one left.</summary>
public sealed class KilledInTurnFixture : PoolFixture
{
    protected override PoolOptions Options => new() { XenopsdLines = ["migration-recovery-interval = 1"] };
}

/// <summary>Three VMs go to and fro between two hosts while every daemon of either is killed in turn: after each death all of them travel on, in the end each
/// lives once and whole, and whatever failed on the way failed with a name. <c>make soak-kill</c> runs it before the random one.</summary>
public sealed class KilledInTurnTests(KilledInTurnFixture fixture) : IClassFixture<KilledInTurnFixture>
{
    private const int Vms = 3;
    private const int MemoryMib = 16;
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

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
            Traveller[] travellers = [.. vms.Select((vm, i) => new Traveller(fixture, vm.Ref, new Random(i), stop.Token))];
            var journeys = Task.WhenAll(travellers.Select(static t => t.RunAsync()));
            foreach (var daemon in fixture.Pool.Hosts.SelectMany(static h => (ManagedDaemon[])[h.Xapi, h.Xenopsd, h.Switch]))
            {
                await Traveller.AllGoOnAsync(travellers, journeys, fixture.LogTails, cancel);
                int pid = daemon.Pid;
                daemon.Kill();
                await daemon.WaitForRestartAsync(pid, cancel);
            }

            await Traveller.AllGoOnAsync(travellers, journeys, fixture.LogTails, cancel);
            await stop.CancelAsync();
            await journeys;
            await new Survivors(fixture).AssertWholeAsync(vms, before, cancel);
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
}
