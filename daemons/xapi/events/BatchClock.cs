namespace Toolstack.Xapi.Events;

/// <summary>A short wait that many begin at about the same time: those who begin within a moment share one timer, and go on one after the other in
/// the thread that it wakes, where each would have woken one. Safe for any thread.</summary>
internal sealed class BatchClock(TimeSpan wait)
{
    private const long MomentMilliseconds = 5;

    private readonly Lock gate = new();
    private Task current = Task.CompletedTask;
    private long moment = long.MinValue;

    /// <summary>Ends after the wait, or a moment before.</summary>
    internal Task WaitAsync()
    {
        long now = Environment.TickCount64 / MomentMilliseconds;
        lock (gate)
        {
            if (now != moment)
            {
                moment = now;
                current = Task.Delay(wait);
            }

            return current;
        }
    }
}
