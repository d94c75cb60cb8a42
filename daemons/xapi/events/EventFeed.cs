using System.Diagnostics;
using Toolstack.Idl;
using Toolstack.Xapi.Database;

namespace Toolstack.Xapi.Events;

/// <summary>Answers event.from: waits until something the client asked for has changed, or its time is over.</summary>
internal sealed class EventFeed(IChangeLog log, IReadOnlyList<XenClass> classes, INoticeLog? notices = null)
{
    /// <summary>Changes come in bursts; waiting a moment before each look makes one answer of them.</summary>
    private readonly BatchClock batching = new(TimeSpan.FromMilliseconds(50));

    /// <summary>What a timeout that makes no sense stands for, and the longest that is waited.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(24);

    /// <summary><paramref name="check"/> runs before every look; it raises SESSION_INVALID when the session has ended meanwhile.</summary>
    internal async Task<EventBatch> FromAsync(
        IReadOnlyList<string> subscriptions, string token, double timeoutSeconds, Func<ValueTask> check, CancellationToken cancel)
    {
        EventSubscriptions wanted = EventSubscriptions.Parse(subscriptions);
        EventToken since = EventToken.Parse(token);
        EventToken seen = since;
        TimeSpan timeout = timeoutSeconds >= 0 && timeoutSeconds < LongestWait.TotalSeconds ? TimeSpan.FromSeconds(timeoutSeconds) : LongestWait;
        long start = Stopwatch.GetTimestamp();
        if (!wanted.OnlyTasks)
        {
            await batching.WaitAsync().ConfigureAwait(false);
        }

        while (true)
        {
            cancel.ThrowIfCancellationRequested();
            await check().ConfigureAwait(false);
            IDatabaseView view = log.View;
            EventBatch batch = EventBatch.Compute(view, classes, wanted, seen, notices, since);
            TimeSpan left = timeout - Stopwatch.GetElapsedTime(start);
            if (batch.Events.Count > 0 || left <= TimeSpan.Zero || !await ChangedAsync(view.Generation, left, cancel).ConfigureAwait(false))
            {
                return batch;
            }

            // Nothing up to here is the client's: the next look need not pass it again.
            seen = since with { Generation = view.Generation };
            await batching.WaitAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Marks an object as changed; the token returned is one before that change. Raises HANDLE_INVALID [class; ref].</summary>
    internal string Inject(string className, string reference) => new EventToken(log.Touch(className, reference) - 1, 0).ToString();

    /// <summary>False when the time is over.</summary>
    private async Task<bool> ChangedAsync(long generation, TimeSpan left, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(left);
        try
        {
            await log.WaitForChangeAsync(generation, limit.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            return false;
        }
    }
}
