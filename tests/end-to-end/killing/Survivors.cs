using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What must be true of VMs when the dying is over: each lives once, where the database says, with its memory whole, and is promised to nobody else.</summary>
internal sealed class Survivors(PoolFixture fixture)
{
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits for the pool to come to rest and checks all of it. The fixture's client has a new session afterwards.</summary>
    internal async Task AssertWholeAsync(IReadOnlyList<RunningVm> vms, IReadOnlyList<GuestMemory> before, CancellationToken cancel)
    {
        await fixture.Pool.WaitUntilLiveAsync(cancel);
        await fixture.Client.LoginAsync(DevelopmentPool.User, fixture.Pool.Password, cancel);
        foreach (var (vm, memory) in vms.Zip(before))
        {
            while (!await IsSettledAsync(vm, cancel))
            {
                await Task.Delay(Poll, cancel);
            }

            var after = await vm.VerifyMemoryAsync(cancel);
            Assert.Equal((0L, memory.Pages), (after.Errors, after.Pages));
            Assert.True(after.Counter >= memory.Counter, $"the guest went back from {memory.Counter} to {after.Counter}");
        }

        Assert.Equal(vms.Count, await DomainsAsync(cancel));
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
            && await fixture.Client.TextAsync("VM.get_scheduled_to_be_resident_on", cancel, vm.Ref) == StorageFixture.NoRef
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
}
