using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Database;

namespace Toolstack.Xapi.Events;

/// <summary>One event: <see cref="Row"/> is null for a deletion. <see cref="Generation"/> is that of the change.</summary>
internal sealed record XenEvent(XenClass Class, string Operation, string Reference, XenObject? Row, long Generation);

/// <summary>
/// What changed for a client between its token and one view of the database: one event per object, first those added, then those
/// modified, then those deleted (each with the present record, whatever came in between), the new token, and how many objects of every
/// class there are.
/// </summary>
internal sealed class EventBatch
{
    private readonly List<(string Name, int Count)> counts;

    private EventBatch(IReadOnlyList<XenEvent> events, List<(string Name, int Count)> counts, EventToken token)
    {
        Events = events;
        Token = token;
        this.counts = counts;
    }

    internal IReadOnlyList<XenEvent> Events { get; }

    internal EventToken Token { get; }

    internal static EventBatch Compute(IDatabaseView view, IReadOnlyList<XenClass> classes, EventSubscriptions wanted, EventToken since)
    {
        List<XenEvent> added = [];
        List<XenEvent> modified = [];
        List<XenEvent> deleted = [];
        long newest = since.Generation;
        foreach (XenClass c in classes)
        {
            if (!c.InDatabase || !c.Events || !wanted.Touches(c.Name))
            {
                continue;
            }

            foreach (RowView row in view.ChangedSince(c, since.Generation))
            {
                if (wanted.Has(c.Name, row.Reference))
                {
                    bool isNew = row.Created > since.Generation;
                    (isNew ? added : modified).Add(new XenEvent(c, isNew ? "add" : "mod", row.Reference, row.Row, row.Modified));
                    newest = Math.Max(newest, row.Modified);
                }
            }

            foreach (DeletedRow row in view.Deleted(c))
            {
                if (row.Deleted > since.Generation && wanted.Has(c.Name, row.Reference))
                {
                    newest = Math.Max(newest, row.Deleted);
                    if (row.Created <= since.Generation)
                    {
                        deleted.Add(new XenEvent(c, "del", row.Reference, null, row.Deleted));
                    }
                }
            }
        }

        List<(string, int)> counts = [.. classes.Where(static c => c.InDatabase).Select(c => (c.EventName, view.Count(c)))];
        return new EventBatch([.. added, .. modified, .. deleted], counts, new EventToken(newest, Math.Max(since.Messages, 0)));
    }

    /// <summary>The struct that event.from returns.</summary>
    internal void Write(ValueWriter writer)
    {
        writer.BeginStruct(3);
        writer.Member("events");
        writer.BeginArray(Events.Count);
        foreach (XenEvent e in Events)
        {
            Write(writer, e);
        }

        writer.EndArray();
        writer.Member("valid_ref_counts");
        writer.BeginStruct(counts.Count);
        foreach ((string name, int count) in counts)
        {
            writer.Member(name);
            writer.Int32(count);
        }

        writer.EndStruct();
        writer.Member("token");
        writer.String(Token.ToString());
        writer.EndStruct();
    }

    private static void Write(ValueWriter writer, XenEvent e)
    {
        writer.BeginStruct(e.Row is null ? 5 : 6);
        writer.Member("id");
        writer.String(e.Generation.ToString(CultureInfo.InvariantCulture));
        writer.Member("timestamp");
        writer.String("0.0");
        writer.Member("class");
        writer.String(e.Class.EventName);
        writer.Member("operation");
        writer.String(e.Operation);
        writer.Member("ref");
        writer.String(e.Reference);
        if (e.Row is { } row)
        {
            writer.Member("snapshot");
            e.Class.WriteRecord(row, writer);
        }

        writer.EndStruct();
    }
}
