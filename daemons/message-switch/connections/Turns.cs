using Microsoft.Extensions.Logging;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>Gives the broker its turns: one at a time, whatever thread brings the event, and one timer that is armed only while some
/// message waits. A turn only changes tables and appends to outgoing buffers, so it is short.</summary>
internal sealed class Turns : IAsyncDisposable
{
    [ThreadStatic]
    private static bool waking;

    private readonly Lock gate = new();
    private readonly Broker broker;
    private readonly ILogger logger;
    private readonly Timer timer;
    private readonly Journal? journal;
    private long? armed;
    private long droppedReplies;
    private bool disposed;

    internal Turns(Settings settings, ILogger logger)
    {
        this.logger = logger;

        journal = settings.StateDirectory.Length == 0 ? null : Journal.Open(settings.StateDirectory, settings.StateSync, logger);
        var used = journal?.State.LastNumber ?? 0;

        // Grows over restarts, and stays exact in a double: microseconds of the wall clock, or more than anything used before if that was set back.
        // So do the numbers of messages: a consumer that outlives the switch never holds a cursor beyond what comes next.
        Incarnation = Math.Max((DateTime.UtcNow - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond, used + 1);
        broker = new Broker(settings, Incarnation, static () => Environment.TickCount64, Incarnation, journal);
        if (journal is not null)
        {
            broker.Restore(journal.State);
            journal.ForgetState();
        }

        timer = new Timer(static turns => ((Turns)turns!).Expire(), this, Timeout.Infinite, Timeout.Infinite);
    }

    internal long Incarnation { get; }

    /// <summary>Clients of the original protocol; to be used within <see cref="Run"/>.</summary>
    internal Sessions Sessions { get; } = new();

    internal BrokerClient Attach(IBrokerPeer peer, string name, uint user)
    {
        Log.Connected(logger, name);
        return Broker.Attach(peer, name, user);
    }

    internal void Detach(BrokerClient client) => Take(static (broker, client) => broker.Detach(client), client);

    internal void Handle(BrokerClient client, SwitchMessage message) =>
        Take(static (broker, frame) => broker.Handle(frame.client, frame.message), (client, message));

    /// <summary>One turn of anything that is not a frame.</summary>
    internal T Run<T>(Func<Broker, T> turn)
    {
        try
        {
            lock (gate)
            {
                try
                {
                    return turn(broker);
                }
                finally
                {
                    EndTurn();
                }
            }
        }
        finally
        {
            WakeTransfers();
        }
    }

    /// <summary>Completes when the changes of all turns so far are kept, at once when nothing is kept at all. Raises <see cref="IOException"/>.</summary>
    internal Task KeptAsync() => journal?.StoredAsync() ?? Task.CompletedTask;

    internal void Relieved(BrokerClient client) => Take(static (broker, client) => broker.Relieved(client), client);

    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            disposed = true;
            timer.Dispose();
        }

        if (journal is not null)
        {
            await journal.DisposeAsync().ConfigureAwait(false);
        }
    }

    private void Expire() => Take(static (broker, turns) =>
    {
        turns.armed = null;
        broker.Expire();
    }, this);

    private void Take<T>(Action<Broker, T> turn, T about)
    {
        try
        {
            lock (gate)
            {
                try
                {
                    turn(broker, about);
                }
                finally
                {
                    EndTurn();
                }
            }
        }
        finally
        {
            WakeTransfers();
        }
    }

    /// <summary>After a turn, not in it: each woken transfer makes a turn of its own, on this thread. One that wakes others leaves them to the
    /// outermost of these calls, so that they do not pile up on the stack.</summary>
    private void WakeTransfers()
    {
        if (broker.Woken.IsEmpty || waking)
        {
            return;
        }

        waking = true;
        try
        {
            while (broker.Woken.TryDequeue(out var wait))
            {
                wait.Wake();
            }
        }
        finally
        {
            waking = false;
        }
    }

    private void EndTurn()
    {
        if (broker.DroppedReplies != droppedReplies)
        {
            droppedReplies = broker.DroppedReplies;
            Log.RepliesDropped(logger, droppedReplies);
        }

        if (journal is { WantsSnapshot: true })
        {
            journal.Snapshot(broker.State());
        }

        var next = broker.NextDue;
        if (next == armed || disposed)
        {
            return;
        }

        // One that is armed too early is left alone: it fires once for nothing, which is cheaper than moving it at every delivery.
        if (next is null)
        {
            timer.Change(Timeout.Infinite, Timeout.Infinite);
            armed = null;
        }
        else if (armed is null || next < armed)
        {
            timer.Change(Math.Max(1, next.Value - Environment.TickCount64), Timeout.Infinite);
            armed = next;
        }
    }
}
