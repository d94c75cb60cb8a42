using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>One side falls silent in a phase of a migration, with its connections open: the other waits as long as the phase may take, and then it has
/// failed.</summary>
public sealed class MigrationDeadlineTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100);

    public static TheoryData<string, PhaseTimes, PhaseTimes, string> Phases { get; } = new()
    {
        { "vm from destination after 0", PhaseTimes.Default with { PointOne = Soon }, PhaseTimes.Default, "point 1" },
        { "mem from destination after 0", PhaseTimes.Default with { MemoryConnection = Soon }, PhaseTimes.Default, "point 1-mem" },
        { "vm from source after 0", PhaseTimes.Default, PhaseTimes.Default with { MemoryConnection = Soon }, "point 1-mem ack" },
        { "mem from destination after 2", PhaseTimes.Default with { Drain = Soon }, PhaseTimes.Default, "did not take the memory" },
    };

    [Theory]
    [MemberData(nameof(Phases))]
    public async Task TheVmStays(string stall, PhaseTimes ofSource, PhaseTimes ofDestination, string complaint)
    {
        await using var source = await TestHost.StartAsync(phases: ofSource);
        await using var destination = await TestHost.StartAsync(phases: ofDestination, cut: Stalled(stall));
        string vm = await source.RunVmAsync();
        var failure = await source.FailureAsync(await source.MigrateAsync(vm, destination));
        Assert.Contains(complaint, Assert.IsType<XenopsErrorValue.Internal_error>(failure).message, StringComparison.Ordinal);
        await source.AssertRunsAsync(vm);
        await destination.AssertEmptyAsync();
    }

    /// <summary>Point 3 was sent and does not arrive: the destination gives the VM up, and says so.</summary>
    [Fact]
    public async Task TheVmGoesBackWhenItIsNotHandedOver()
    {
        await using var source = await TestHost.StartAsync();
        await using var destination = await TestHost.StartAsync(phases: PhaseTimes.Default with { PointThree = Soon }, cut: Stalled("vm from source after 2"));
        string vm = await source.RunVmAsync();
        await source.FailureAsync(await source.MigrateAsync(vm, destination));
        await source.AssertRunsAsync(vm);
        await destination.AssertEmptyAsync();
    }

    /// <summary>Point 4 does not come: the destination is asked, and has it.</summary>
    [Fact]
    public async Task TheVmHasMovedThoughNobodySaysSo()
    {
        await using var source = await TestHost.StartAsync(phases: PhaseTimes.Default with { PointFour = Soon });
        await using var destination = await TestHost.StartAsync(cut: Stalled("vm from destination after 2"));
        string vm = await source.RunVmAsync();
        await source.EndAsync(await source.MigrateAsync(vm, destination));
        await destination.AssertRunsAsync(vm);
        await source.AssertEmptyAsync();
    }

    private static Cut Stalled(string text)
    {
        string[] words = text.Split(' ');
        int after = int.Parse(words[^1], null);
        return words[2] == "source" ? new Cut(words[0], FromSource: after, Stall: true) : new Cut(words[0], FromDestination: after, Stall: true);
    }
}
