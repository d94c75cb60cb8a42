using Toolstack.Xenopsd.Backends;
using Xunit;
using static Toolstack.Tests.Domains.DomainHost;
using ShutdownReason = Toolstack.Xenopsd.Backends.ShutdownReason;

namespace Toolstack.Tests.Domains;

/// <summary>What a new process makes of what the one before it left.</summary>
public class RestartTests
{
    [Fact]
    public async Task A_running_domain_is_taken_over()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync();
        var before = host.Backend.GetStatus(vm)!;
        ulong counter = await host.CounterAsync(vm);
        await host.RestartAsync();
        var after = host.Backend.GetStatus(vm)!;
        Assert.Equal(
            (before.Domid, before.MemoryTargetBytes, before.MemoryLimitBytes, before.Vcpus),
            (after.Domid, after.MemoryTargetBytes, after.MemoryLimitBytes, after.Vcpus));
        Assert.InRange(after.StartTime, before.StartTime - TimeSpan.FromSeconds(5), before.StartTime + TimeSpan.FromSeconds(5));
        Assert.Null(await host.Devices.GetActionRequestAsync(vm, default));
        Assert.True(await host.CounterAsync(vm) >= counter);
        Assert.True(await host.Backend.RequestShutdownAsync(vm, ShutdownReason.Poweroff, TimeSpan.FromSeconds(30), default));
        Assert.True(await host.Backend.WaitShutdownAsync(vm, ShutdownReason.Poweroff, TimeSpan.FromSeconds(30), default));
        await host.Backend.DestroyAsync(vm, default);
        Assert.Empty(host.Backend.ListDomains());
    }

    [Fact]
    public async Task A_half_made_domain_asks_to_be_ended()
    {
        await using var host = await StartAsync();
        string vm = NewId();
        await host.Backend.CreateAsync(Config(vm, 16), default);
        await host.RestartAsync();
        Assert.Equal(DomainAction.Poweroff, await host.Devices.GetActionRequestAsync(vm, default));
        await host.Backend.DestroyAsync(vm, default);
        Assert.Empty(host.Backend.ListDomains());
    }

    [Fact]
    public async Task A_domain_without_a_tree_and_a_tree_without_a_domain_are_removed()
    {
        await using var host = await StartAsync();
        var before = await host.NodesAsync("/");
        string vm = await host.RunAsync();
        int domid = host.Domid(vm);
        await host.Backend.DisposeAsync();

        Toolstack.Xenopsd.Backends.Simulator.SimulatedHypervisor other = new(host.HypercallPath);
        await using (other)
        {
            await other.DestroyAsync(domid, default);
            other.Create(new NewDomain(Guid.NewGuid(), GuestKind.Pvh, 1, 64, true, false, new Dictionary<string, string>()));
        }

        await host.OpenAsync();
        Assert.Empty(host.Backend.ListDomains());
        Assert.DoesNotContain(host.Hypervisor.Domains(), static d => d.Domid != 0);
        Assert.Equal(before, await host.NodesAsync("/"));
    }

    [Fact]
    public async Task A_domain_that_was_being_destroyed_is_gone()
    {
        await using var host = await StartAsync();
        var before = await host.NodesAsync("/");
        string vm = await host.RunAsync();
        int domid = host.Domid(vm);
        host.Hypervisor.SetHandle(domid, Guid.Parse($"deadbeef-dead-beef-dead-beef0000{domid:x4}"));
        await host.RestartAsync();
        Assert.Empty(host.Backend.ListDomains());
        Assert.Null(host.Hypervisor.Domain(domid));
        Assert.Equal(before, await host.NodesAsync("/"));
    }
}
