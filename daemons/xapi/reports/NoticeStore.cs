using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Events;

namespace Toolstack.Xapi.Reports;

/// <summary>A notice as the store holds it: its reference and the generation, of notices, at which it was added.</summary>
internal sealed record Notice(Ref<message> Self, message Row, long Generation);

/// <summary>
/// The objects of class message: one file each beside the database, named by generation and reference, and all of them in memory. They
/// have generations of their own, the second number of an event token.
/// </summary>
internal sealed class NoticeStore : INoticeLog
{
    private readonly string directory;
    private readonly Action wake;
    private readonly Lock gate = new();
    private readonly List<Notice> inOrder = [];
    private readonly Dictionary<Ref<message>, Notice> byRef = [];
    private readonly Queue<(Ref<message> Self, long Added, long Removed)> removed = new();
    private long generation;

    /// <summary>Reads what is there. <paramref name="wake"/> is called after each change. A file that cannot be read is passed over and logged.
    /// Raises ConfigurationException when the directory cannot be used.</summary>
    internal NoticeStore(string directory, Action wake, ILogger logger)
    {
        this.directory = directory;
        this.wake = wake;
        try
        {
            Directory.CreateDirectory(directory);
            foreach (string path in Directory.EnumerateFiles(directory, "*.json"))
            {
                Load(path, logger);
            }

            inOrder.Sort(static (a, b) => a.Generation.CompareTo(b.Generation));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException($"{directory}: {error.Message}");
        }
    }

    public XenClass Class => message.Info;

    /// <summary>Adds one of now; on disk when it returns if it is to be durable, else after a power cut perhaps not. Priorities go from 1,
    /// something is wrong, to 5, for information. Raises INTERNAL_ERROR when it cannot be written.</summary>
    internal Ref<message> Add(string name, long priority, cls cls, string about, string body, bool durable = true)
    {
        Ref<message> self = Ref<message>.New();
        var row = new message
        {
            uuid = Guid.NewGuid().ToString(),
            name = name,
            priority = priority,
            cls = cls,
            obj_uuid = about,
            timestamp = DateTimeOffset.UtcNow,
            body = body,
        };
        lock (gate)
        {
            var notice = new Notice(self, row, generation + 1);
            Disk(() => AtomicFile.Write(PathOf(notice), Encode(row), durable: durable));
            generation++;
            Keep(notice);
            while (byRef.Count > ReportLimits.MaxNotices)
            {
                Drop(inOrder[0]);
            }
        }

        wake();
        return self;
    }

    /// <summary>Removes one. Raises HANDLE_INVALID.</summary>
    internal void Remove(Ref<message> self)
    {
        lock (gate)
        {
            Drop(Get(self));
        }

        wake();
    }

    /// <summary>Raises HANDLE_INVALID.</summary>
    internal Notice Get(Ref<message> self)
    {
        lock (gate)
        {
            return byRef.GetValueOrDefault(self) ?? throw new XenApiError("HANDLE_INVALID", "message", self.ToString());
        }
    }

    /// <summary>Oldest first.</summary>
    internal IReadOnlyList<Notice> All()
    {
        lock (gate)
        {
            return [.. inOrder];
        }
    }

    public IReadOnlyList<XenEvent> Since(long since)
    {
        lock (gate)
        {
            if (since >= generation)
            {
                return [];
            }

            List<XenEvent> events = [.. inOrder.Skip(After(since)).Select(n => new XenEvent(Class, "add", n.Self.ToString(), n.Row, n.Generation))];
            if (since >= 0)
            {
                events.AddRange(removed.Where(r => r.Removed > since && r.Added <= since).Select(r => new XenEvent(Class, "del", r.Self.ToString(), null, r.Removed)));
            }

            events.Sort(static (a, b) => a.Generation.CompareTo(b.Generation));
            return events;
        }
    }

    private void Drop(Notice notice)
    {
        Disk(() => File.Delete(PathOf(notice)));
        byRef.Remove(notice.Self);
        inOrder.RemoveAt(After(notice.Generation) - 1);
        removed.Enqueue((notice.Self, notice.Generation, ++generation));
        if (removed.Count > ReportLimits.MaxRemoved)
        {
            removed.Dequeue();
        }
    }

    private void Keep(Notice notice)
    {
        inOrder.Add(notice);
        byRef[notice.Self] = notice;
        generation = Math.Max(generation, notice.Generation);
    }

    /// <summary>Where those after a generation begin.</summary>
    private int After(long since)
    {
        int low = 0;
        int high = inOrder.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = inOrder[middle].Generation > since ? (low, middle) : (middle + 1, high);
        }

        return low;
    }

    private void Load(string path, ILogger logger)
    {
        string[] parts = Path.GetFileNameWithoutExtension(path).Split('_');
        if (parts.Length != 2 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            return;
        }

        try
        {
            XenObject row = message.Info.Fresh();
            foreach ((string name, Value value) in JsonValueReader.Parse(File.ReadAllBytes(path)).AsStruct().Members)
            {
                message.Info.Field(name)?.Set(row, value);
            }

            Keep(new Notice(new Ref<message>("OpaqueRef:" + parts[1]), (message)row, number));
        }
        catch (Exception error) when (error is WireFormatException or ValueFormatException)
        {
            Log.NoticeUnreadable(logger, path, error.Message);
        }
    }

    private string PathOf(Notice notice) => Path.Combine(
        directory, string.Create(CultureInfo.InvariantCulture, $"{notice.Generation:D20}_{notice.Self.ToString()["OpaqueRef:".Length..]}.json"));

    private static ReadOnlySpan<byte> Encode(message row)
    {
        var output = new ArrayBufferWriter<byte>();
        JsonValueWriter.Write(output, w => message.Info.WriteRecord(row, w));
        return output.WrittenSpan;
    }

    private static void Disk(Action work)
    {
        try
        {
            work();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XenApiError("INTERNAL_ERROR", $"the notice could not be written: {error.Message}");
        }
    }
}
