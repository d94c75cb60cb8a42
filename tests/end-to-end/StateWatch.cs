using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Reads, again and again until it is disposed, what the database says of a VM; daemons may come and go meanwhile.</summary>
internal sealed class StateWatch : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);

    private readonly CancellationTokenSource stop = new();
    private readonly List<string> wrong = [];
    private readonly Task watching;

    internal StateWatch(PoolFixture fixture, string vm) => watching = WatchAsync(fixture, vm);

    /// <summary>Ends the watch. The VM was never taken for one without a domain: whoever reads that it is halted may start it a second time. That
    /// its guest stands still at the end of a migration may be seen.</summary>
    internal async Task AssertLivedAsync()
    {
        await stop.CancelAsync();
        await watching;
        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await watching;
        stop.Dispose();
    }

    private async Task WatchAsync(PoolFixture fixture, string vm)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var client = await fixture.Pool.LoginAsync(stop.Token);
                while (true)
                {
                    string state = await client.TextAsync("VM.get_power_state", stop.Token, vm);
                    if (state is not ("Running" or "Paused") && wrong.Count == 0)
                    {
                        wrong.AddRange([state, fixture.LogTails()]);
                    }

                    await Task.Delay(Pause, stop.Token);
                }
            }
            catch (Exception away) when (away is XenApiFailure or HttpRequestException or IOException or OperationCanceledException)
            {
                // The daemon is away, or the watch is over.
                await Task.Delay(Pause, CancellationToken.None);
            }
        }
    }
}
