using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Events;

/// <summary>One event. <see cref="Row"/> is null for a deletion that event.from reports. <see cref="Generation"/> is that of the change.</summary>
internal sealed record XenEvent(XenClass Class, string Operation, string Reference, XenObject? Row, long Generation);

/// <summary>
/// What changed for a client between its token and one view of the database: first notices, then one event per object: those added, those
/// modified, those deleted (each with the present record, whatever came in between), the new token, and how many objects of every class
/// there are. The records of single changes are encoded once for everybody who waits for them.
/// </summary>
internal sealed class EventBatch
{
    private readonly Counts counts;
    private readonly bool isSnapshot;

    private EventBatch(IReadOnlyList<XenEvent> events, Counts counts, EventToken token, bool isSnapshot)
    {
        Events = events;
        Token = token;
        this.counts = counts;
        this.isSnapshot = isSnapshot;
    }

    internal IReadOnlyList<XenEvent> Events { get; }

    internal EventToken Token { get; }

    /// <param name="view">The database as it is now.</param>
    /// <param name="classes">All classes.</param>
    /// <param name="wanted">What the client asked for.</param>
    /// <param name="since">What was looked at already.</param>
    /// <param name="notices">The objects of class message, which are no rows; null for none.</param>
    /// <param name="told">The client's token, which stays when nothing is found; null: <paramref name="since"/>.</param>
    internal static EventBatch Compute(
        IDatabaseView view, IReadOnlyList<XenClass> classes, EventSubscriptions wanted, EventToken since, INoticeLog? notices = null, EventToken? told = null)
    {
        List<XenEvent> added = [];
        List<XenEvent> modified = [];
        List<XenEvent> deleted = [];
        long newest = Math.Max((told ?? since).Generation, 0);
        foreach (XenClass c in classes)
        {
            if (c.InDatabase && c.Events && wanted.Touches(c.Name) && view.Newest(c) > since.Generation)
            {
                newest = Math.Max(newest, OfClass(view, c, wanted, since.Generation, added, modified, deleted));
            }
        }

        long newestNotice = Math.Max(since.Messages, 0);
        IReadOnlyList<XenEvent> first = [];
        if (notices is not null && wanted.Touches(notices.Class.Name))
        {
            first = [.. notices.Since(since.Messages).Where(e => wanted.Has(e.Class.Name, e.Reference))];
            newestNotice = first.Aggregate(newestNotice, static (most, e) => Math.Max(most, e.Generation));
        }

        return new EventBatch([.. first, .. added, .. modified, .. deleted], new Counts(view, classes), new EventToken(newest, newestNotice), since.IsBeginning);
    }

    private static long OfClass(
        IDatabaseView view, XenClass c, EventSubscriptions wanted, long since, List<XenEvent> added, List<XenEvent> modified, List<XenEvent> deleted)
    {
        long newest = 0;
        foreach (RowView row in view.ChangedSince(c, since))
        {
            if (wanted.Has(c.Name, row.Reference))
            {
                bool isNew = row.Created > since;
                (isNew ? added : modified).Add(new XenEvent(c, isNew ? "add" : "mod", row.Reference, row.Row, row.Modified));
                newest = Math.Max(newest, row.Modified);
            }
        }

        foreach (DeletedRow row in view.Deleted(c))
        {
            if (row.Deleted > since && wanted.Has(c.Name, row.Reference))
            {
                newest = Math.Max(newest, row.Deleted);
                if (row.Created <= since)
                {
                    deleted.Add(new XenEvent(c, "del", row.Reference, null, row.Deleted));
                }
            }
        }

        return newest;
    }

    /// <summary>What event.from returns.</summary>
    internal MessageResult Result => Events.Count > DispatchLimits.ShortResultRows ? MessageResult.InParts(Parts) : new MessageResult(Write);

    /// <summary>The struct that event.from returns.</summary>
    internal void Write(ValueWriter writer) => MessageResult.InParts(Parts).Write(writer);

    private IEnumerable<int> Parts(ValueWriter writer)
    {
        int count = 0;
        writer.BeginStruct(3);
        writer.Member("events");
        writer.BeginArray(Events.Count);
        foreach (XenEvent e in Events)
        {
            Write(writer, e, "0.0", share: !isSnapshot);
            yield return ++count;
        }

        writer.EndArray();
        writer.Member("valid_ref_counts");
        writer.Shared(counts.View, counts.Write);
        writer.Member("token");
        writer.String(Token.ToString());
        writer.EndStruct();
    }

    /// <param name="share">Others will write the same record soon.</param>
    internal static void Write(ValueWriter writer, XenEvent e, string timestamp, bool share)
    {
        bool isNotice = !e.Class.InDatabase;
        writer.BeginStruct(e.Row is null ? 5 : 6);
        writer.Member("id");
        writer.String(isNotice ? "0" : e.Generation.ToString(CultureInfo.InvariantCulture));
        writer.Member("timestamp");
        writer.String(timestamp);
        writer.Member("class");
        writer.String(e.Class.EventName);
        writer.Member("operation");
        writer.String(e.Operation);
        writer.Member("ref");
        writer.String(e.Reference);
        if (e.Row is { } row)
        {
            writer.Member("snapshot");
            if (share)
            {
                writer.Shared(row, w => e.Class.WriteRecord(row, w));
            }
            else
            {
                e.Class.WriteRecord(row, writer);
            }
        }

        writer.EndStruct();
    }

    /// <summary>The number of rows of each class in one view, the same for everybody who sees that view.</summary>
    private sealed class Counts(IDatabaseView view, IReadOnlyList<XenClass> classes)
    {
        internal IDatabaseView View => view;

        internal void Write(ValueWriter writer)
        {
            writer.BeginStruct(classes.Count(static c => c.InDatabase));
            foreach (XenClass c in classes)
            {
                if (c.InDatabase)
                {
                    writer.Member(c.EventName);
                    writer.Int32(view.Count(c));
                }
            }

            writer.EndStruct();
        }
    }
}
