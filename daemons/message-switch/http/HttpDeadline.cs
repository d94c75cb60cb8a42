namespace Toolstack.MessageSwitch.Http;

/// <summary>The time by which something must have happened. There is no timer before the first wait, and a wait that ended leaves it armed: it fires
/// once for nothing, which is cheaper than moving it with every request. Used under its owner's gate but for the timer itself.</summary>
internal sealed class HttpDeadline(Action<string> missed) : IDisposable
{
    private readonly Lock gate = new();
    private Timer? timer;
    private string what = "";
    private long due;
    private long armed;
    private bool disposed;

    /// <summary>Calls for <paramref name="what"/> to be missed unless it is met in time. One that is under way goes on as it began.</summary>
    internal void Begin(TimeSpan time, string what)
    {
        lock (gate)
        {
            if (due != 0 || disposed)
            {
                return;
            }

            due = Environment.TickCount64 + (long)time.TotalMilliseconds;
            this.what = what;
            timer ??= new Timer(static deadline => ((HttpDeadline)deadline!).Fired(), this, Timeout.Infinite, Timeout.Infinite);
            if (armed == 0 || due < armed)
            {
                timer.Change(time, Timeout.InfiniteTimeSpan);
                armed = due;
            }
        }
    }

    /// <summary>It happened.</summary>
    internal void Met()
    {
        if (due != 0)
        {
            lock (gate)
            {
                due = 0;
            }
        }
    }

    public void Dispose()
    {
        lock (gate)
        {
            disposed = true;
            timer?.Dispose();
        }
    }

    private void Fired()
    {
        lock (gate)
        {
            armed = 0;
            if (due == 0 || disposed)
            {
                return;
            }

            if (due - Environment.TickCount64 is var left and > 0)
            {
                timer!.Change(left, Timeout.Infinite);
                armed = due;
                return;
            }
        }

        missed(what);
    }
}
