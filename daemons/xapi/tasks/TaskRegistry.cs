using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Tasks;

/// <summary>The tasks whose calls run in this process, so that they can be cancelled. A cancellation may come before its call: the task of an
/// asynchronous call is known before it runs, and a forwarded call and its cancellation come over different connections. Such a cancellation
/// is remembered and meets the call when it is registered.</summary>
public sealed class TaskRegistry
{
    private readonly Lock gate = new();
    private readonly HashSet<Ref<task>> cancelled = [];
    private readonly Queue<Ref<task>> cancelledInOrder = new();
    private readonly Dictionary<Ref<task>, List<CancellationTokenSource>> running = [];

    /// <summary>How many cancellations are remembered; one more forgets the oldest.</summary>
    internal const int MaxRemembered = 1024;

    /// <summary>A source bound to the task until <see cref="Remove"/>; also cancelled by either of the others, and at once when the task was
    /// cancelled before.</summary>
    public CancellationTokenSource Register(Ref<task> self, CancellationToken stopping, CancellationToken aborted)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(stopping, aborted);
        bool alreadyCancelled;
        lock (gate)
        {
            if (!running.TryGetValue(self, out List<CancellationTokenSource>? sources))
            {
                running.Add(self, sources = []);
            }

            sources.Add(source);
            alreadyCancelled = cancelled.Contains(self);
        }

        if (alreadyCancelled)
        {
            source.Cancel();
        }

        return source;
    }

    /// <summary>Ends the binding and disposes the source.</summary>
    public void Remove(Ref<task> self, CancellationTokenSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        lock (gate)
        {
            if (running.TryGetValue(self, out List<CancellationTokenSource>? sources) && sources.Remove(source) && sources.Count == 0)
            {
                running.Remove(self);
            }
        }

        source.Dispose();
    }

    /// <summary>Cancels the calls that run under the task here, and those still to come; false when none runs.</summary>
    public bool Cancel(Ref<task> self)
    {
        CancellationTokenSource[] sources;
        lock (gate)
        {
            sources = running.TryGetValue(self, out List<CancellationTokenSource>? found) ? [.. found] : [];
            Remember(self);
        }

        foreach (CancellationTokenSource source in sources)
        {
            try
            {
                source.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // The call ended between the look and the cancel: nothing is left to cancel.
            }
        }

        return sources.Length > 0;
    }

    /// <summary>Whether a call runs under the task here.</summary>
    public bool IsRunning(Ref<task> self)
    {
        lock (gate)
        {
            return running.ContainsKey(self);
        }
    }

    private void Remember(Ref<task> self)
    {
        if (!cancelled.Add(self))
        {
            return;
        }

        cancelledInOrder.Enqueue(self);
        if (cancelledInOrder.Count > MaxRemembered)
        {
            cancelled.Remove(cancelledInOrder.Dequeue());
        }
    }
}
