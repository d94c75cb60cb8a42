using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Migration.Stream;
using Xunit;

namespace Toolstack.Tests.Migration;

/// <summary>Whole guests through the save and restore engines over a real TCP connection.</summary>
public class LiveMigrationTests
{
    [Theory]
    [InlineData(1, true)]
    [InlineData(1, false)]
    [InlineData(3, true)]
    public async Task A_busy_guest_arrives_with_its_memory_intact(int vcpus, bool zeros)
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.StartAsync(MigrationPair.Config(64, vcpus, ("sim-dirty-pages-per-s", "50000")));
        await Task.Delay(50);
        var before = await pair.AtSourceAsync();
        Assert.Equal(0, before.Errors);

        var statistics = await pair.MigrateAsync(MigrationPair.Options(zeros));

        var suspended = await pair.AtSourceAsync();
        var arrived = await pair.AtTargetAsync();
        Assert.Equal(0, arrived.Errors);
        Assert.Equal(suspended.Checksum, arrived.Checksum);
        Assert.Equal(suspended.Counter, arrived.Counter);
        Assert.True(arrived.Counter > before.Counter);
        Assert.InRange(statistics.Iterations, 1, StreamLimits.DefaultMaxIterations);
        Assert.Equal(statistics.Iterations + 1, statistics.Passes.Count);

        await pair.Target.UnpauseAsync(MigrationPair.Vm, default);
        await Task.Delay(20);
        var later = await pair.AtTargetAsync();
        Assert.Equal(0, later.Errors);
        Assert.True(later.Counter > arrived.Counter);
        Assert.True(later.LongestPauseMs > 0);
    }

    [Fact]
    public async Task Zero_frames_travel_as_ranges_only_to_a_receiver_that_takes_them()
    {
        await using var with = await MigrationPair.OpenAsync();
        await using var without = await MigrationPair.OpenAsync();
        var config = MigrationPair.Config(64, 1, ("sim-working-set-mib", "8"), ("sim-dirty-pages-per-s", "0"));
        await with.StartAsync(config);
        await without.StartAsync(config);
        var few = await with.MigrateAsync(MigrationPair.Options(zeros: true));
        var all = await without.MigrateAsync(MigrationPair.Options(zeros: false));
        Assert.InRange(few.BytesSent, 8 << 20, 12 << 20);
        Assert.InRange(all.BytesSent, 64 << 20, 66 << 20);
        Assert.True(few.ZeroPages > 10_000);
        Assert.Equal(0, all.ZeroPages);
        Assert.Equal((await without.AtSourceAsync()).Checksum, (await without.AtTargetAsync()).Checksum);
        Assert.Equal((await with.AtSourceAsync()).Checksum, (await with.AtTargetAsync()).Checksum);
    }

    [Fact]
    public async Task A_guest_that_is_suspended_first_is_copied_once()
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.StartAsync(MigrationPair.Config(32));
        var statistics = await pair.MigrateAsync(MigrationPair.Options(live: false));
        Assert.Equal(0, statistics.Iterations);
        Assert.Single(statistics.Passes);
        var arrived = await pair.AtTargetAsync();
        Assert.Equal(0, arrived.Errors);
        Assert.Equal((await pair.AtSourceAsync()).Checksum, arrived.Checksum);
    }

    [Fact]
    public async Task Passes_are_bounded_for_a_guest_that_never_converges()
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.StartAsync(MigrationPair.Config(16, 1, ("sim-dirty-pages-per-s", "1000000")));
        var options = MigrationPair.Options() with { DowntimeTarget = TimeSpan.FromMilliseconds(1), BandwidthLimitBytesPerSecond = 64 << 20 };
        var statistics = await pair.MigrateAsync(options);
        Assert.InRange(statistics.Iterations, 2, StreamLimits.DefaultMaxIterations);
        Assert.Equal(0, (await pair.AtTargetAsync()).Errors);
    }

    [Fact]
    public async Task The_source_goes_on_after_a_resume_and_both_copies_are_independent()
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.StartAsync(MigrationPair.Config(16));
        await pair.MigrateAsync(MigrationPair.Options());
        Assert.Equal(ShutdownReason.Suspend, pair.Source.GetStatus(MigrationPair.Vm)!.ShutdownReason);
        var at = await pair.AtSourceAsync();
        await pair.Source.ResumeAsync(MigrationPair.Vm, default);
        await Task.Delay(20);
        var later = await pair.AtSourceAsync();
        Assert.Null(pair.Source.GetStatus(MigrationPair.Vm)!.ShutdownReason);
        Assert.True(later.Counter > at.Counter);
        Assert.Equal(0, later.Errors);
        Assert.Equal(at.Counter, (await pair.AtTargetAsync()).Counter);
    }

    [Fact]
    public async Task Progress_grows_to_one_on_both_sides()
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.StartAsync(MigrationPair.Config(32));
        MigrationPair.Progress sent = new();
        MigrationPair.Progress received = new();
        var restore = pair.Target.RestoreAsync(MigrationPair.Vm, pair.In, received, default);
        await pair.Source.SaveAsync(MigrationPair.Vm, MigrationPair.Options(), pair.Out, MigrationPair.Nothing, sent, default);
        await restore;
        foreach (var values in new[] { sent.Values, received.Values })
        {
            Assert.True(values.Count > 2);
            Assert.Equal(values.Order(), values);
            Assert.Equal(1.0, values[^1]);
            Assert.InRange(values.Count, 2, 110);
        }
    }

    [Fact]
    public async Task A_migrated_guest_migrates_again()
    {
        await using var there = await MigrationPair.OpenAsync();
        await there.StartAsync(MigrationPair.Config(16, 2));
        await there.MigrateAsync(MigrationPair.Options());
        await there.Target.UnpauseAsync(MigrationPair.Vm, default);
        await there.Source.DestroyAsync(MigrationPair.Vm, default);

        await using var back = await MigrationPair.OpenAsync();
        await there.Source.CreateAsync(MigrationPair.Config(16, 2), default);
        var restore = there.Source.RestoreAsync(MigrationPair.Vm, back.In, new MigrationPair.Progress(), default);
        await there.Target.SaveAsync(
            MigrationPair.Vm, MigrationPair.Options(), back.Out, MigrationPair.Nothing, new MigrationPair.Progress(), default);
        await restore;
        Assert.Equal(0, (await there.AtSourceAsync()).Errors);
    }
}
