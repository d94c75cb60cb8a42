namespace Toolstack.MessageSwitch;

/// <summary>Waits for what happens next, for both protocols.</summary>
internal static class TraceFollower
{
    /// <summary>Events from number <paramref name="from"/> on, as soon as there is one; none when the time is over or the client left.</summary>
    internal static async Task<IReadOnlyList<TraceEvent>> FollowAsync(Turns turns, long from, TimeSpan timeout, CancellationToken ending)
    {
        var until = Environment.TickCount64 + (long)timeout.TotalMilliseconds;
        while (true)
        {
            var (events, wait) = turns.Run(broker => broker.Trace.From(from));
            if (wait is null)
            {
                return events;
            }

            var rest = TimeSpan.FromMilliseconds(Math.Max(0, until - Environment.TickCount64));
            if (rest > TimeSpan.Zero)
            {
                await wait.WaitAsync(rest, ending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (!wait.IsCompleted || ending.IsCancellationRequested)
            {
                turns.Run(broker => broker.Trace.Forget(wait));
                return [];
            }
        }
    }
}
