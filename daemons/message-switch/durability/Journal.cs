using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;
using Toolstack.Hosting;

namespace Toolstack.MessageSwitch;

/// <summary>Keeps persistent queues and the messages that senders were told are kept, in a directory of its own:
/// <code>
///   lock             held while a switch uses the directory
///   snapshot         a generation G and the whole state at its beginning
///   journal.G        every change since
/// </code>
/// Changes are appended by the broker's turns and written by one loop, many at a time; an answer that promises something waits for its
/// write. When the journal has outgrown the state, the loop writes the next snapshot, renames it into place and goes on in the next journal:
/// at whatever step the process dies, one snapshot and its whole journal are there.</summary>
internal sealed class Journal : IAsyncDisposable
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const long SnapshotAfterBytes = 4 * 1024 * 1024;

    private readonly string directory;
    private readonly bool sync;
    private readonly ILogger logger;
    private readonly FileStream hold;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim work = new(0);
    private readonly ArrayBufferWriter<byte> scratch = new();
    private ArrayBufferWriter<byte> filling = new();
    private ArrayBufferWriter<byte> writing = new();
    private ArrayBufferWriter<byte>? beforeSnapshot;
    private TaskCompletionSource next = Promise();
    private TaskCompletionSource underWay = Promise();
    private byte[]? snapshot;
    private long sinceSnapshot;
    private long stateBytes;
    private long generation;
    private SafeFileHandle file;
    private long offset;
    private Exception? broken;
    private bool closing;
    private Task writer = Task.CompletedTask;

    private Journal(string directory, bool sync, FileStream hold, ILogger logger)
    {
        this.directory = directory;
        this.sync = sync;
        this.hold = hold;
        this.logger = logger;
        var snapshotPath = Path.Combine(directory, "snapshot");
        if (File.Exists(snapshotPath))
        {
            var bytes = File.ReadAllBytes(snapshotPath);
            generation = BitConverter.ToInt64(bytes);
            if (RecordCodec.ReadAll(bytes.AsMemory(sizeof(long)), State.Apply) != bytes.Length - sizeof(long))
            {
                throw new InvalidDataException($"{snapshotPath}: damaged");
            }
        }

        file = File.OpenHandle(JournalPath(generation), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        File.SetUnixFileMode(file, Private);
        var journal = new byte[RandomAccess.GetLength(file)];
        RandomAccess.Read(file, journal, 0);
        offset = RecordCodec.ReadAll(journal, State.Apply);
        if (offset < journal.Length)
        {
            // The last write was cut short: nobody was told that it is kept.
            Log.JournalCut(logger, JournalPath(generation), journal.Length - offset);
            RandomAccess.SetLength(file, offset);
        }

        foreach (var old in Directory.EnumerateFiles(directory, "journal.*").Where(path => path != JournalPath(generation)))
        {
            File.Delete(old);
        }

        sinceSnapshot = offset;
        Log.Restored(logger, directory, State.Queues.Count, State.Queues.Values.Sum(static queue => queue.Count));
    }

    /// <summary>What was found at the start; empty after <see cref="ForgetState"/>.</summary>
    internal StoredState State { get; private set; } = new();

    /// <summary>True when the next turn should hand over the whole state.</summary>
    internal bool WantsSnapshot
    {
        get
        {
            lock (gate)
            {
                return snapshot is null && sinceSnapshot > Math.Max(SnapshotAfterBytes, 2 * stateBytes);
            }
        }
    }

    /// <summary>Reads what the directory holds and starts to keep it. Raises <see cref="ConfigurationException"/> when it is not a directory or
    /// another switch uses it, <see cref="IOException"/> or <see cref="InvalidDataException"/> when it cannot be read.</summary>
    internal static Journal Open(string directory, bool sync, ILogger logger)
    {
        if (!Directory.Exists(directory))
        {
            throw new ConfigurationException($"statedir = {directory}: not a directory");
        }

        FileStream hold;
        try
        {
            hold = new FileStream(Path.Combine(directory, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException error)
        {
            throw new ConfigurationException($"statedir = {directory}: another switch uses it: {error.Message}");
        }

        var journal = new Journal(directory, sync, hold, logger);
        journal.writer = Task.Run(journal.WriteLoopAsync);
        return journal;
    }

    /// <summary>What was found is in the broker now, and leaves memory with it.</summary>
    internal void ForgetState() => State = new();

    /// <summary>Adds a change; called in a turn, only copies bytes.</summary>
    internal void Append(StoredRecord record)
    {
        lock (gate)
        {
            var before = filling.WrittenCount;
            RecordCodec.Write(filling, scratch, record);
            sinceSnapshot += filling.WrittenCount - before;
            if (before == 0)
            {
                work.Release();
            }
        }
    }

    /// <summary>The whole state as of this turn; everything appended before is in it.</summary>
    internal void Snapshot(IEnumerable<StoredRecord> state)
    {
        var output = new ArrayBufferWriter<byte>();
        output.Write(BitConverter.GetBytes(generation + 1));
        lock (gate)
        {
            foreach (var record in state)
            {
                RecordCodec.Write(output, scratch, record);
            }

            snapshot = output.WrittenSpan.ToArray();
            stateBytes = snapshot.Length;
            sinceSnapshot = 0;

            // What waits to be written is in the snapshot, but the journal before it ends with it, in case the snapshot is not finished.
            beforeSnapshot = filling;
            filling = new ArrayBufferWriter<byte>();
            work.Release();
        }
    }

    /// <summary>Completes when everything appended so far is written. Raises <see cref="IOException"/> when it cannot be.</summary>
    internal Task StoredAsync()
    {
        lock (gate)
        {
            return broken is not null
                ? Task.FromException(NotKept())
                : filling.WrittenCount > 0 || beforeSnapshot is not null ? next.Task
                : writing.WrittenCount > 0 ? underWay.Task
                : Task.CompletedTask;
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (gate)
        {
            closing = true;
            work.Release();
        }

        await writer.ConfigureAwait(false);
        file.Dispose();
        await hold.DisposeAsync().ConfigureAwait(false);
        work.Dispose();
    }

    private async Task WriteLoopAsync()
    {
        while (true)
        {
            await work.WaitAsync().ConfigureAwait(false);
            byte[]? state;
            ArrayBufferWriter<byte>? last;
            lock (gate)
            {
                if (closing && filling.WrittenCount == 0 && snapshot is null)
                {
                    return;
                }

                (underWay, next) = (next, Promise());
                (state, snapshot) = (snapshot, null);
                (last, beforeSnapshot) = (beforeSnapshot, null);
                (filling, writing) = (writing, filling);
            }

            try
            {
                if (state is not null && last is not null)
                {
                    Append(last.WrittenSpan);
                    Replace(state);
                }

                Append(writing.WrittenSpan);
                Done(null);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // From here on nothing is promised any more; what was promised is on the disk.
                Log.JournalFailed(logger, directory, error.Message);
                Done(error);
            }
        }
    }

    private void Done(Exception? failure)
    {
        lock (gate)
        {
            writing.ResetWrittenCount();
            broken ??= failure;
            if (broken is null)
            {
                underWay.TrySetResult();
            }
            else
            {
                underWay.TrySetException(NotKept());
                _ = underWay.Task.Exception; // seen: nobody may wait for it
            }

            if (filling.Capacity > SnapshotAfterBytes && filling.WrittenCount == 0)
            {
                filling = new ArrayBufferWriter<byte>();
            }

            if (closing)
            {
                work.Release();
            }
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty || broken is not null)
        {
            return;
        }

        RandomAccess.Write(file, bytes, offset);
        offset += bytes.Length;
        if (sync)
        {
            RandomAccess.FlushToDisk(file);
        }
    }

    private void Replace(byte[] state)
    {
        var fresh = File.OpenHandle(JournalPath(generation + 1), FileMode.Create, FileAccess.ReadWrite);
        File.SetUnixFileMode(fresh, Private);
        AtomicFile.Write(Path.Combine(directory, "snapshot"), state, Private, durable: sync);
        file.Dispose();
        File.Delete(JournalPath(generation));
        (file, offset) = (fresh, 0);
        generation++;
    }

    private IOException NotKept() => new("what was sent cannot be kept", broken);

    private string JournalPath(long number) => Path.Combine(directory, "journal." + number.ToString(CultureInfo.InvariantCulture));

    private static TaskCompletionSource Promise() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
