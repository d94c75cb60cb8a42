using System.Collections.Concurrent;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Executor;

/// <summary>What the steps of one operation share.</summary>
public sealed class RunContext(XenopsTask task, double totalWeight)
{
    private readonly Lock gate = new();
    private double done;

    public XenopsTask Task => task;

    /// <summary>What takes the finished steps back, newest first.</summary>
    internal ConcurrentStack<Atomic> UndoStack { get; } = new();

    /// <summary>What carries the memory of a running migration, or a suspend image.</summary>
    public IDataChannel? Memory { get; set; }

    /// <summary>What carries the state of graphics cards in a running migration; null for a VM without them.</summary>
    public IDataChannel? Vgpus { get; set; }

    /// <summary>The peer of a migration announced that it takes ranges of zero frames.</summary>
    public bool PeerTakesZeroRecords { get; set; }

    /// <summary>How memory is to be sent, where the operation says so.</summary>
    public SaveOptions? SaveOptions { get; set; }

    /// <summary>Told how much of the memory a save or a restore has moved, 0 to 1.</summary>
    public Action<double>? Transferring { get; set; }

    /// <summary>Called when a save is about to suspend the guest.</summary>
    public Action? Suspending { get; set; }

    /// <summary>Called when a save has sent all, with the guest suspended.</summary>
    public Action? Suspended { get; set; }

    /// <summary>What the save of this operation did; null before its end.</summary>
    public SaveStatistics? Sent { get; set; }

    /// <summary>What the operation answers; becomes the task's result.</summary>
    public string? Result { get; set; }

    internal void Advance(Atomic atomic)
    {
        lock (gate)
        {
            done += atomic.Weight();
            task.Progress(done / totalWeight);
        }
    }

    /// <summary>Reports how far a step is that takes long, 0 to 1.</summary>
    internal void ReportWithin(Atomic atomic, double fraction)
    {
        lock (gate)
        {
            task.Progress((done + (atomic.Weight() * fraction)) / totalWeight);
        }
    }
}
