using System.Security.Cryptography;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Domains;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Stream;
using Xunit;

namespace Toolstack.Tests.Migration;

/// <summary>Whatever goes wrong before the suspension, the guest goes on where it is; nobody waits for ever.</summary>
public class MigrationFailureTests
{
    private static readonly SaveOptions Slow = MigrationPair.Options() with { BandwidthLimitBytesPerSecond = 8 << 20 };

    [Fact]
    public async Task A_receiver_that_dies_during_the_copy_leaves_the_guest_running()
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.StartAsync(MigrationPair.Config(64));
        FirstProgress started = new();
        var save = pair.Source.SaveAsync(MigrationPair.Vm, Slow, pair.Out, MigrationPair.Nothing, started, default);
        var restore = pair.Target.RestoreAsync(MigrationPair.Vm, pair.In, new MigrationPair.Progress(), default);
        await started.Task;
        await pair.Target.DestroyAsync(MigrationPair.Vm, default);
        await Assert.ThrowsAsync<OperationCanceledException>(() => restore);
        await Assert.ThrowsAsync<XenopsError>(() => save);
        await AssertRunsAndMigratesAsync(pair);
    }

    [Fact]
    public async Task A_cancellation_during_the_copy_leaves_the_guest_running()
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.StartAsync(MigrationPair.Config(64));
        FirstProgress started = new();
        using CancellationTokenSource cancel = new();
        var save = pair.Source.SaveAsync(MigrationPair.Vm, Slow, pair.Out, MigrationPair.Nothing, started, cancel.Token);
        var restore = pair.Target.RestoreAsync(MigrationPair.Vm, pair.In, new MigrationPair.Progress(), default);
        await started.Task;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => save);
        await Assert.ThrowsAsync<XenopsError>(() => restore);
        await AssertRunsAndMigratesAsync(pair);
    }

    [Fact]
    public async Task A_cancellation_ends_a_transfer_that_the_peer_does_not_take()
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.StartAsync(MigrationPair.Config(64));
        using CancellationTokenSource cancel = new(TimeSpan.FromMilliseconds(100));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pair.Source.SaveAsync(
            MigrationPair.Vm, MigrationPair.Options(false), pair.Out, MigrationPair.Nothing, new MigrationPair.Progress(), cancel.Token));
        await AssertRunsAndMigratesAsync(pair);
    }

    [Fact]
    public async Task A_peer_that_falls_silent_is_given_up()
    {
        await using var pair = await MigrationPair.OpenAsync(silence: TimeSpan.FromMilliseconds(50));
        await pair.StartAsync(MigrationPair.Config(64));
        await Assert.ThrowsAsync<XenopsError>(() => pair.Source.SaveAsync(
            MigrationPair.Vm, MigrationPair.Options(false), pair.Out, MigrationPair.Nothing, new MigrationPair.Progress(), default));
        await using var mute = await MigrationPair.OpenAsync(silence: TimeSpan.FromMilliseconds(50));
        await mute.Target.CreateAsync(MigrationPair.Config(16), default);
        await Assert.ThrowsAsync<XenopsError>(() => mute.Target.RestoreAsync(MigrationPair.Vm, mute.In, new MigrationPair.Progress(), default));
        await AssertRunsAndMigratesAsync(pair);
    }

    [Fact]
    public async Task The_callback_before_the_suspension_can_call_it_off()
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.StartAsync(MigrationPair.Config(16));
        var restore = pair.Target.RestoreAsync(MigrationPair.Vm, pair.In, new MigrationPair.Progress(), default);
        var error = await Assert.ThrowsAsync<XenopsError>(() => pair.Source.SaveAsync(
            MigrationPair.Vm,
            MigrationPair.Options(),
            pair.Out,
            _ => throw new XenopsError(new XenopsErrorValue.Cancelled("1")),
            new MigrationPair.Progress(),
            default));
        Assert.IsType<XenopsErrorValue.Cancelled>(error.Value);
        pair.Out.End();
        await Assert.ThrowsAsync<XenopsError>(() => restore);
        await AssertRunsAndMigratesAsync(pair);
    }

    [Fact]
    public async Task A_guest_that_does_not_acknowledge_the_suspension_stays()
    {
        await using var pair = await MigrationPair.OpenAsync(new DomainOptions { SuspendAckTimeout = TimeSpan.FromMilliseconds(50) });
        await pair.StartAsync(MigrationPair.Config(16, 1, ("sim-ignore-shutdown", "true")));
        var restore = pair.Target.RestoreAsync(MigrationPair.Vm, pair.In, new MigrationPair.Progress(), default);
        var error = await Assert.ThrowsAsync<XenopsError>(() => pair.Source.SaveAsync(
            MigrationPair.Vm, MigrationPair.Options(), pair.Out, MigrationPair.Nothing, new MigrationPair.Progress(), default));
        Assert.IsType<XenopsErrorValue.Failed_to_acknowledge_suspend_request>(error.Value);
        pair.Out.End();
        await Assert.ThrowsAsync<XenopsError>(() => restore);
        Assert.Null(pair.Source.GetStatus(MigrationPair.Vm)!.ShutdownReason);
        Assert.Equal(0, (await pair.AtSourceAsync()).Errors);
    }

    [Fact]
    public async Task Garbage_on_the_data_connection_ends_the_restore_and_nothing_else()
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.Target.CreateAsync(MigrationPair.Config(16), default);
        var restore = pair.Target.RestoreAsync(MigrationPair.Vm, pair.In, new MigrationPair.Progress(), default);
        pair.OutSocket.Send(RandomNumberGenerator.GetBytes(100_000));
        var error = await Assert.ThrowsAsync<XenopsError>(() => restore);
        Assert.Contains(nameof(StreamFault.BadSignature), error.Message, StringComparison.Ordinal);
        await pair.Target.DestroyAsync(MigrationPair.Vm, default);
        Assert.Empty(pair.Target.ListDomains());
    }

    [Fact]
    public async Task A_guest_larger_than_the_domain_is_refused()
    {
        await using var pair = await MigrationPair.OpenAsync();
        // The rest of it is more than the sockets' buffers hold: the sender is still at it when the receiver gives up.
        await pair.StartAsync(MigrationPair.Config(96));
        await pair.Target.DestroyAsync(MigrationPair.Vm, default);
        await pair.Target.CreateAsync(MigrationPair.Config(16), default);
        var restore = pair.Target.RestoreAsync(MigrationPair.Vm, pair.In, new MigrationPair.Progress(), default);
        var save = pair.Source.SaveAsync(
            MigrationPair.Vm, MigrationPair.Options(false), pair.Out, MigrationPair.Nothing, new MigrationPair.Progress(), default);
        var error = await Assert.ThrowsAsync<XenopsError>(() => restore);
        Assert.Contains(nameof(StreamFault.FrameOutOfRange), error.Message, StringComparison.Ordinal);
        pair.In.End();
        await Assert.ThrowsAsync<XenopsError>(() => save);
        await AssertRunsAndMigratesAsync(pair);
    }

    [Fact]
    public async Task A_domain_is_copied_once_at_a_time()
    {
        await using var pair = await MigrationPair.OpenAsync();
        await pair.StartAsync(MigrationPair.Config(64));
        using CancellationTokenSource cancel = new();
        var save = pair.Source.SaveAsync(MigrationPair.Vm, Slow, pair.Out, MigrationPair.Nothing, new MigrationPair.Progress(), cancel.Token);
        await Assert.ThrowsAsync<XenopsError>(async () => await pair.Source.SaveAsync(
            MigrationPair.Vm, Slow, pair.Out, MigrationPair.Nothing, new MigrationPair.Progress(), default));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => save);
    }

    /// <summary>The guest on the source still steps, with its memory intact, and the next migration of it succeeds.</summary>
    private static async Task AssertRunsAndMigratesAsync(MigrationPair pair)
    {
        var status = pair.Source.GetStatus(MigrationPair.Vm)!;
        Assert.False(status.Paused);
        Assert.Null(status.ShutdownReason);
        var first = await pair.AtSourceAsync();
        await Task.Delay(20);
        var second = await pair.AtSourceAsync();
        Assert.True(second.Counter > first.Counter);
        Assert.Equal(0, second.Errors);

        await using var next = await MigrationPair.OpenAsync();
        await next.Target.CreateAsync(MigrationPair.Config(status.MemoryActualBytes >> 20), default);
        var restore = next.Target.RestoreAsync(MigrationPair.Vm, next.In, new MigrationPair.Progress(), default);
        await pair.Source.SaveAsync(
            MigrationPair.Vm, MigrationPair.Options(), next.Out, MigrationPair.Nothing, new MigrationPair.Progress(), default);
        await restore;
        Assert.Equal(0, (await next.AtTargetAsync()).Errors);
    }

    private sealed class FirstProgress : IProgress<double>
    {
        private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Task => _first.Task.WaitAsync(TimeSpan.FromSeconds(30));

        public void Report(double value) => _first.TrySetResult();
    }
}
