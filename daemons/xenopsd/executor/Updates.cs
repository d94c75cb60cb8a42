using System.Collections.Immutable;
using System.Diagnostics;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Executor;

/// <summary>
/// Which objects changed, as counters (xenops protocol, UPDATES): each object is in the map once, with the number of its newest
/// change, so a reader that was away gets each object at most once. Barriers let a reader know what had changed by a moment.
/// Readers sleep until something is added; nothing is polled. Answers keep a distance, so that the many changes of one operation are one
/// answer; what somebody waits for (the end of a task, a barrier) goes out at once.
/// </summary>
/// <param name="spacing">The distance; null: <see cref="ExecutorLimits.UpdatesSpacing"/>.</param>
/// <param name="first">The number of the first change: <see cref="FirstOfProcess"/> in a daemon.</param>
public sealed class Updates(TimeSpan? spacing = null, long first = 1)
{
    private readonly Lock gate = new();
    private readonly TimeSpan distance = spacing ?? ExecutorLimits.UpdatesSpacing;
    private readonly Dictionary<DynamicId, long> counters = [];
    private readonly List<Barrier> barriers = [];

    /// <summary>Objects that are gone and whose end may still be reported, oldest first.</summary>
    private readonly List<DynamicId> ended = [];
    private long next = first;

    /// <summary>The number of the newest change that does not wait for the distance.</summary>
    private long pressing;
    private long answered;
    private TaskCompletionSource changed = NewSignal();
    private TaskCompletionSource pressed = NewSignal();

    private sealed record Barrier(long Id, long EventId, ImmutableArray<KeyValuePair<DynamicId, long>> Snapshot);

    /// <summary>Higher than any number of a process that ran before this one, as long as changes were rarer than one a microsecond: a reader who goes on
    /// from a number of that process misses nothing of this one.</summary>
    public static long FirstOfProcess => (long)(Stopwatch.GetTimestamp() * (1e6 / Stopwatch.Frequency));

    /// <summary>The number of the newest change; one less than the first before it.</summary>
    public long LastId
    {
        get
        {
            lock (gate)
            {
                return next - 1;
            }
        }
    }

    public void Add(DynamicId id)
    {
        lock (gate)
        {
            ended.Remove(id);
            counters[id] = next++;
            Wake();
        }
    }

    /// <summary>A change that somebody waits for: it is reported at once, and what changed before it with it.</summary>
    public void Press(DynamicId id)
    {
        lock (gate)
        {
            Add(id);
            Press();
        }
    }

    /// <summary>An object is gone: reported as one more change, so that a reader who follows asks for it and learns it from Does_not_exist.
    /// (The original reports no end; a reader that saw the object just before would believe in it for ever.) Only the last
    /// <see cref="ExecutorLimits.MaxEnded"/> ends are kept.</summary>
    public void End(DynamicId id)
    {
        lock (gate)
        {
            ended.Remove(id);
            ended.Add(id);
            if (ended.Count > ExecutorLimits.MaxEnded)
            {
                counters.Remove(ended[0]);
                ended.RemoveAt(0);
            }

            counters[id] = next++;
            Wake();
        }
    }

    /// <summary>Forgets an object; its end is not reported (a reader learns it from Does_not_exist).</summary>
    public void Remove(DynamicId id)
    {
        lock (gate)
        {
            ended.Remove(id);
            counters.Remove(id);
            next++;
        }
    }

    /// <summary>Puts a barrier behind everything of the VM and its devices that has changed so far.</summary>
    public void InjectBarrier(string vmId, long barrierId)
    {
        lock (gate)
        {
            if (barriers.Count >= ExecutorLimits.MaxBarriers)
            {
                throw XenopsError.Internal($"more than {ExecutorLimits.MaxBarriers} barriers");
            }

            barriers.Add(new Barrier(barrierId, next++, [.. counters.Where(c => VmOf(c.Key) == vmId)]));
            Wake();
            Press();
        }
    }

    public void RemoveBarrier(long barrierId)
    {
        lock (gate)
        {
            barriers.RemoveAll(b => b.Id == barrierId);
        }
    }

    /// <summary>Changes and barriers after <paramref name="from"/>, oldest first; waits for one at most <paramref name="timeout"/>,
    /// then returns none and <paramref name="from"/> itself. Shortly after an answer it waits for more before the next.</summary>
    public async Task<(ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> Barriers, ImmutableArray<DynamicId> Events, long Next)> GetAsync(
        long from, TimeSpan timeout, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(timeout);
        while (true)
        {
            Task signal;
            var rest = TimeSpan.Zero;
            lock (gate)
            {
                var events = counters.Where(c => c.Value > from).OrderBy(static c => c.Value).ToArray();
                var passed = barriers.Where(b => b.EventId > from).ToArray();
                bool any = events.Length > 0 || passed.Length > 0;
                rest = any && pressing <= from && !deadline.IsCancellationRequested ? distance - Stopwatch.GetElapsedTime(answered) : TimeSpan.Zero;
                if (any && rest <= TimeSpan.Zero)
                {
                    answered = Stopwatch.GetTimestamp();
                    long last = Math.Max(events.Length > 0 ? events[^1].Value : 0, passed.Length > 0 ? passed[^1].EventId : 0);
                    return ([.. passed.Select(b => (b.Id, Objects(b, from)))], [.. events.Select(static e => e.Key)], last);
                }

                signal = any ? pressed.Task : changed.Task;
            }

            if (rest > TimeSpan.Zero)
            {
                await Task.WhenAny(signal, Task.Delay(rest, deadline.Token)).ConfigureAwait(false);
                cancel.ThrowIfCancellationRequested();
                continue;
            }

            try
            {
                await signal.WaitAsync(deadline.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return ([], [], from);
            }
        }
    }

    private static ImmutableArray<DynamicId> Objects(Barrier barrier, long from) =>
        [.. barrier.Snapshot.Where(c => c.Value > from).OrderBy(static c => c.Value).Select(static c => c.Key)];

    private static string? VmOf(DynamicId id) => id switch
    {
        DynamicId.Vm v => v.id,
        DynamicId.Vbd v => v.vm,
        DynamicId.Vif v => v.vm,
        DynamicId.Pci v => v.vm,
        DynamicId.Vgpu v => v.vm,
        DynamicId.Vusb v => v.vm,
        _ => null,
    };

    private void Press()
    {
        pressing = next - 1;
        pressed.TrySetResult();
        pressed = NewSignal();
    }

    private void Wake()
    {
        changed.TrySetResult();
        changed = NewSignal();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
