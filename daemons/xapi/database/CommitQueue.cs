using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>
/// Group commit: one thread writes, and while it waits for the disk the changes of all callers gather in the next batch, where only
/// the last state of a row counts. A batch is written at once when somebody waits for it, else after <see cref="DatabaseLimits.Gathering"/>.
/// One that fails keeps its changes for the next (they are states, not steps, so writing them later is as good) and fails the calls that
/// waited for it.
/// </summary>
internal sealed class CommitQueue : IAsyncDisposable
{
    private readonly SqliteStore store;
    private readonly Func<XenObject, byte[]> encode;
    private readonly ILogger logger;
    private readonly Lock gate = new();
    private readonly object wake = new();
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Batch gathering = new();

    /// <summary>The newest batch that has a change.</summary>
    private Task newest = Task.CompletedTask;
    private bool stopping;
    private bool due;
    private bool changed;

    /// <summary>The writer sleeps until it is woken: nothing has changed for a while.</summary>
    private bool asleep;

    internal CommitQueue(SqliteStore store, Func<XenObject, byte[]> encode, ILogger logger)
    {
        this.store = store;
        this.encode = encode;
        this.logger = logger;
        new Thread(Run) { IsBackground = true, Name = "database" }.Start();
    }

    /// <summary>Completes when there is room for another change; callers wait here before they mutate.</summary>
    internal Task RoomAsync(CancellationToken cancellation)
    {
        lock (gate)
        {
            return gathering.Rows.Count < DatabaseLimits.PendingRows ? Task.CompletedTask : DurableAsync(gathering.Done.Task, cancellation);
        }
    }

    /// <summary>Adds a change to the batch that is gathering; the task completes when it is on disk. Called in the order of the mutations.</summary>
    /// <param name="row">The new state, or null for a deleted row.</param>
    internal Task Enqueue(XenClass table, string reference, RowView? row)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(stopping, this);
            gathering.Rows[(table.Name, reference)] = row;
            Wake(now: false);
            return newest = gathering.Done.Task;
        }
    }

    /// <summary>Adds the generation from which the next start goes on.</summary>
    internal Task Reserve(long generation)
    {
        lock (gate)
        {
            gathering.Generation = generation;
            Wake(now: true);
            return newest = gathering.Done.Task;
        }
    }

    /// <summary>Everything enqueued so far, on disk. What could not be written is tried again.</summary>
    internal Task FlushAsync(CancellationToken cancellation)
    {
        lock (gate)
        {
            if (newest.IsFaulted)
            {
                newest = gathering.Done.Task;
            }

            return newest.IsCompleted ? Task.CompletedTask : DurableAsync(newest, cancellation);
        }
    }

    /// <summary>Has a batch written now, and waits for it as long as one may take.</summary>
    /// <exception cref="XenApiError">INTERNAL_ERROR when the disk failed or did not answer in time.</exception>
    internal Task DurableAsync(Task batch, CancellationToken cancellation)
    {
        lock (gate)
        {
            if (batch == gathering.Done.Task)
            {
                Wake(now: true);
            }
        }

        return WaitAsync(batch, cancellation);
    }

    private static async Task WaitAsync(Task batch, CancellationToken cancellation)
    {
        try
        {
            await batch.WaitAsync(DatabaseLimits.CommitDeadline, cancellation).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            throw new XenApiError("INTERNAL_ERROR", $"the database was not written within {DatabaseLimits.CommitDeadline.TotalSeconds} s");
        }
    }

    /// <summary>Writes what is left and closes the file.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            stopping = true;
            Wake(now: true);
        }

        await stopped.Task.WaitAsync(DatabaseLimits.CommitDeadline).ConfigureAwait(false);
    }

    /// <summary>Something gathers, which is to be written now or before long.</summary>
    private void Wake(bool now)
    {
        lock (wake)
        {
            changed = true;
            due |= now;
            if (due || asleep)
            {
                Monitor.Pulse(wake);
            }
        }
    }

    /// <summary>Without the busy look for more that a semaphore begins with: the others need the processor. While changes follow each other the writer
    /// wakes up by itself, so that a change nobody waits for costs no wake-up.</summary>
    private void WaitDue()
    {
        lock (wake)
        {
            long began = Stopwatch.GetTimestamp();
            while (!due)
            {
                TimeSpan left = DatabaseLimits.Gathering - Stopwatch.GetElapsedTime(began);
                if (left > TimeSpan.Zero)
                {
                    Monitor.Wait(wake, left);
                }
                else if (changed)
                {
                    break;
                }
                else
                {
                    asleep = true;
                    Monitor.Wait(wake);
                    asleep = false;
                    began = Stopwatch.GetTimestamp();
                }
            }

            (due, changed) = (false, false);
        }
    }

    private void Run()
    {
        bool last;
        do
        {
            WaitDue();
            Batch batch;
            lock (gate)
            {
                last = stopping;
                batch = gathering;
                gathering = new Batch();
            }

            Write(batch);
        }
        while (!last);
        store.Dispose();
        stopped.TrySetResult();
    }

    private void Write(Batch batch)
    {
        try
        {
            var changes = new List<StoredChange>(batch.Rows.Count);
            foreach (((string table, string reference), RowView? row) in batch.Rows)
            {
                changes.Add(row is null
                    ? new StoredChange(table, reference, 0, 0, null)
                    : new StoredChange(table, reference, row.Created, row.Modified, encode(row.Row)));
            }

            if (changes.Count > 0 || batch.Generation is not null)
            {
                store.Write(changes, batch.Generation);
            }

            batch.Done.TrySetResult();
        }
        catch (SqliteException error)
        {
            Log.DatabaseNotWritten(logger, batch.Rows.Count, error);
            KeepForNext(batch);
            batch.Done.TrySetException(new XenApiError("INTERNAL_ERROR", $"the database could not be written: {error.Message}"));
            _ = batch.Done.Task.Exception; // callers that did not wait are told by the log line
        }
    }

    private void KeepForNext(Batch batch)
    {
        lock (gate)
        {
            foreach (((string, string) key, RowView? row) in batch.Rows)
            {
                gathering.Rows.TryAdd(key, row);
            }

            gathering.Generation ??= batch.Generation;
        }
    }

    private sealed class Batch
    {
        internal Dictionary<(string Class, string Ref), RowView?> Rows { get; } = [];

        internal long? Generation { get; set; }

        internal TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
