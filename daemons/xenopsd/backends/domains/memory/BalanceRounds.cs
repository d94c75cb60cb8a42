using Microsoft.Extensions.Logging;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.Xenopsd.Backends.Domains.Memory;

/// <summary>Shares the host's memory among guests that balloon: when one came or went, and every so often. Ends before its squeezer does.</summary>
internal sealed class BalanceRounds(Squeezer squeezer, ILogger logger) : IAsyncDisposable
{
    private readonly CancellationTokenSource stopping = new();
    private readonly SemaphoreSlim due = new(0);
    private Task rounds = Task.CompletedTask;

    public void Start() => rounds = RunAsync(stopping.Token);

    /// <summary>A round begins soon; many requests are one.</summary>
    public void Request()
    {
        if (due.CurrentCount == 0 && !stopping.IsCancellationRequested)
        {
            due.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stopping.CancelAsync().ConfigureAwait(false);
        await rounds.ConfigureAwait(false);
    }

    private async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await due.WaitAsync(MemoryLimits.Round, cancel).ConfigureAwait(false);
                await squeezer.BalanceAsync(cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
            catch (Exception error) when (error is XenstoreError or HypervisorError)
            {
                Log.BalanceFailed(logger, error.Message);
            }
        }
    }
}
