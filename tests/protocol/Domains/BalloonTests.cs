using Toolstack.Xenopsd.Contract;
using Xunit;
using static Toolstack.Tests.Domains.DomainHost;

namespace Toolstack.Tests.Domains;

/// <summary>Guests that give memory back, and the host's memory for others.</summary>
public class BalloonTests
{
    [Fact]
    public async Task A_guest_makes_room_for_another_and_grows_again()
    {
        await using var host = await StartAsync(100);
        string first = await host.RunAsync(Config(NewId(), 20, 80));
        await HasBalloonAsync(host, first);
        Assert.Equal(80 * Mib, host.Backend.GetStatus(first)!.MemoryActualBytes);

        string second = await host.RunAsync(Config(NewId(), 40));
        Assert.Equal(40 * Mib, host.Backend.GetStatus(second)!.MemoryActualBytes);
        Assert.InRange(host.Backend.GetStatus(first)!.MemoryActualBytes, 20 * Mib, 56 * Mib);
        Assert.Contains(" errors=0 ", await host.ScriptAsync(first, "verify-memory"), StringComparison.Ordinal);

        await host.Backend.DestroyAsync(second, default);
        await Eventually(() => host.Backend.GetStatus(first)!.MemoryActualBytes == 80 * Mib);
    }

    [Fact]
    public async Task A_guest_without_a_balloon_keeps_its_memory()
    {
        await using var host = await StartAsync(100);
        string vm = await host.RunAsync(Config(NewId(), 20, 80, ("sim-no-balloon", "true")));
        var error = await Assert.ThrowsAsync<XenopsError>(() => host.Backend.CreateAsync(Config(NewId(), 40), default));
        Assert.IsType<XenopsErrorValue.Not_enough_memory>(error.Value);
        Assert.Equal(80 * Mib, host.Backend.GetStatus(vm)!.MemoryActualBytes);
    }

    [Fact]
    public async Task The_dynamic_range_moves_the_guest()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync(Config(NewId(), 32, 64));
        await HasBalloonAsync(host, vm);
        await Eventually(() => host.Backend.GetStatus(vm)!.MemoryActualBytes == 64 * Mib);
        await Eventually(async () =>
        {
            await host.Devices.SetMemoryDynamicRangeAsync(vm, 32 * Mib, 32 * Mib, default);
            return host.Backend.GetStatus(vm)!.MemoryActualBytes == 32 * Mib;
        });
        var status = host.Backend.GetStatus(vm)!;
        Assert.Equal((32 * Mib, 32 * Mib), (status.MemoryTargetBytes, status.MemoryLimitBytes));
        Assert.Equal("32768", await host.ReadAsync($"/local/domain/{host.Domid(vm)}/memory/dynamic-max"));
        await host.Devices.SetMemoryDynamicRangeAsync(vm, 32 * Mib, 48 * Mib, default);
        await Eventually(() => host.Backend.GetStatus(vm)!.MemoryActualBytes == 48 * Mib);
        Assert.True(await host.Devices.WaitBallooningAsync(vm, TimeSpan.FromSeconds(30), default));
        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_guest_that_was_given_up_balloons_again_once_it_has_come_down()
    {
        await using var host = await StartAsync();
        string vm = await host.RunAsync(Config(NewId(), 32, 64));
        string mark = $"/local/domain/{host.Domid(vm)}/memory/uncooperative";
        await HasBalloonAsync(host, vm);
        await Eventually(() => host.Backend.GetStatus(vm)!.MemoryActualBytes == 64 * Mib);

        // As after a request that the guest was too slow for: it has what it was asked for by now.
        await host.Store.WriteAsync(mark, "1", CancellationToken.None);
        await Eventually(async () =>
        {
            await host.Devices.SetMemoryDynamicRangeAsync(vm, 32 * Mib, 32 * Mib, default);
            return host.Backend.GetStatus(vm)!.MemoryActualBytes == 32 * Mib;
        });
        await Eventually(async () => await host.ReadAsync(mark) is null);
    }

    [Fact]
    public async Task Other_services_reserve_memory()
    {
        await using var host = await StartAsync(100);
        var memory = host.Backend.Memory;
        string session = await memory.LoginAsync("service", default);
        var (id, kib) = await memory.ReserveAsync(session, 10 << 10, 60 << 10, default);
        Assert.Equal(60 << 10, kib);
        Assert.Equal("61440", await host.ReadAsync($"/squeezed/state/service/{id}"));
        await Assert.ThrowsAsync<XenopsError>(() => host.Backend.CreateAsync(Config(NewId(), 60), default));
        await memory.TransferAsync(id, 99, default);
        Assert.Equal(id, memory.OfDomain(99));
        await memory.DeleteAsync(id, default);
        Assert.Null(memory.OfDomain(99));
        Assert.Null(await host.ReadAsync($"/squeezed/state/service/{id}"));
        await memory.ReserveAsync(session, 90 << 10, 90 << 10, default);
        await memory.LoginAsync("service", default);
        await host.Backend.CreateAsync(Config(NewId(), 60), default);
    }

    /// <summary>The guest has said that it has a balloon, and the backend has heard it.</summary>
    private static async Task HasBalloonAsync(DomainHost host, string vm)
    {
        await Eventually(async () => await host.ReadAsync($"/local/domain/{host.Domid(vm)}/control/feature-balloon") == "1");
        await Eventually(async () => (await host.Devices.ObserveAsync(vm, default)).PvDriversDetected);
    }
}
