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
/// The objects of class message: a journal beside the database, and all of them in memory. They have generations of their own, the second number of an event
/// token. Former versions kept a file for each, named by generation and reference; these are taken over.
/// </summary>
internal sealed class NoticeStore : INoticeLog
{
    private const string JournalName = "journal";

    private readonly Action wake;
    private readonly NoticeJournal journal;
    private readonly Lock gate = new();
    private readonly List<Notice> inOrder = [];
    private readonly Dictionary<Ref<message>, Notice> byRef = [];
    private readonly Queue<(Ref<message> Self, long Added, long Removed)> removed = new();
    private long generation;

    /// <summary>Reads what is there. <paramref name="wake"/> is called after each change. What cannot be read is passed over and logged.
    /// Raises ConfigurationException when the directory cannot be used.</summary>
    internal NoticeStore(string directory, Action wake, ILogger logger)
    {
        this.wake = wake;
        journal = new NoticeJournal(Path.Combine(directory, JournalName), logger);
        try
        {
            Directory.CreateDirectory(directory);
            string[] former = Directory.GetFiles(directory, "*.json");
            if (journal.Exists)
            {
                generation = journal.Load(Keep, Forget);
            }
            else
            {
                List<Notice> known = [.. former.Select(path => LoadFormer(path, logger)).OfType<Notice>().OrderBy(static n => n.Generation)];
                known.ForEach(Keep);
                journal.Create(inOrder, generation);
            }

            foreach (string path in former)
            {
                File.Delete(path);
            }
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
            Notice? oldest = byRef.Count < ReportLimits.MaxNotices ? null : inOrder[0];
            Disk(() => journal.Add(notice, oldest is null ? null : (oldest, generation + 2), durable));
            Keep(notice);
            if (oldest is not null)
            {
                Drop(oldest);
            }

            Tidy();
        }

        wake();
        return self;
    }

    /// <summary>Removes one. Raises HANDLE_INVALID.</summary>
    internal void Remove(Ref<message> self)
    {
        lock (gate)
        {
            Notice notice = Get(self);
            Disk(() => journal.Remove(self, generation + 1));
            Drop(notice);
            Tidy();
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

    private void Tidy()
    {
        if (journal.IsWasteful(inOrder.Count))
        {
            journal.BeginRewrite([.. inOrder], generation);
        }
    }

    private void Drop(Notice notice)
    {
        Forget(notice.Self);
        removed.Enqueue((notice.Self, notice.Generation, ++generation));
        if (removed.Count > ReportLimits.MaxRemoved)
        {
            removed.Dequeue();
        }
    }

    private void Forget(Ref<message> self)
    {
        if (byRef.Remove(self, out Notice? notice))
        {
            inOrder.RemoveAt(After(notice.Generation) - 1);
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

    private static Notice? LoadFormer(string path, ILogger logger)
    {
        string[] parts = Path.GetFileNameWithoutExtension(path).Split('_');
        if (parts.Length != 2 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            return null;
        }

        try
        {
            return new Notice(new Ref<message>("OpaqueRef:" + parts[1]), NoticeJournal.Row(JsonValueReader.Parse(File.ReadAllBytes(path))), number);
        }
        catch (Exception error) when (error is WireFormatException or ValueFormatException)
        {
            Log.NoticeUnreadable(logger, path, error.Message);
            return null;
        }
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
