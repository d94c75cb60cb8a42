using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Tasks;

/// <summary>The tasks whose calls run in this process, so that they can be cancelled.</summary>
public sealed class TaskRegistry
{
    private readonly Lock gate = new();
    private readonly Dictionary<Ref<task>, List<CancellationTokenSource>> running = [];

    /// <summary>A source bound to the task until <see cref="Remove"/>; also cancelled by either of the others.</summary>
    public CancellationTokenSource Register(Ref<task> self, CancellationToken stopping, CancellationToken aborted)
    {
        var source = CancellationTokenSource.CreateLinkedTokenSource(stopping, aborted);
        lock (gate)
        {
            if (!running.TryGetValue(self, out List<CancellationTokenSource>? sources))
            {
                running.Add(self, sources = []);
            }

            sources.Add(source);
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

    /// <summary>Cancels the calls that run under the task here; false when there is none.</summary>
    public bool Cancel(Ref<task> self)
    {
        CancellationTokenSource[] sources;
        lock (gate)
        {
            sources = running.TryGetValue(self, out List<CancellationTokenSource>? found) ? [.. found] : [];
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
}
