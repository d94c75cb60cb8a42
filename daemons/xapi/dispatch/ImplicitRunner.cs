using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;

namespace Toolstack.Xapi.Dispatch;

/// <summary>The messages that every class has without declaring them: records, lookups, and getters and setters of its fields, straight on the rows.</summary>
internal sealed class ImplicitRunner(IChangeLog? pool, IReadOnlyDictionary<string, object> implementations)
{
    /// <summary>How long the coordinator may take to answer for a member.</summary>
    private static readonly TimeSpan CoordinatorDeadline = TimeSpan.FromSeconds(60);

    /// <summary>How many rows a class has here.</summary>
    internal int CountOf(XenClass c) => pool is null ? 0 : Virtual(c)?.Rows.Count ?? pool.Count(c);

    /// <summary>Raises HANDLE_INVALID, UUID_INVALID, MAP_DUPLICATE_KEY, INVALID_VALUE for what is no query, INTERNAL_ERROR for an argument of
    /// another type or a query of a column that the class does not have, and what a setter of the class refuses.</summary>
    internal async ValueTask<MessageResult> RunAsync(CallContext call, MessageEntry entry, ImmutableArray<Value> arguments)
    {
        if (pool is null)
        {
            // The rows are the coordinator's; only another host's session gets as far as here.
            return MessageResult.From(await call.Services.Client.CallAsync(
                call.Identity.CoordinatorAddress, entry.FullName, arguments, null, CoordinatorDeadline, call.Cancellation).ConfigureAwait(false));
        }

        ImplicitMessage message = entry.Implicit!;
        XenClass c = entry.Class;
        IChangeLog log = call.Services.Sessions.Files.Find(call.SessionRef) ?? pool;
        return message.Kind switch
        {
            ImplicitKind.GetRecord => Record(c, Row(log, c, arguments[0])),
            ImplicitKind.GetByUuid => Text(ByUuid(log, c, arguments[0].AsString())),
            ImplicitKind.GetByNameLabel => Refs(ByName(log, c, arguments[0].AsString())),
            ImplicitKind.GetAll => Refs(Rows(log, c).Select(static r => r.Reference)),
            ImplicitKind.GetAllRecords => Records(c, Rows(log, c)),
            ImplicitKind.GetField => Field(message.Field!, Row(log, c, arguments[0])),
            ImplicitKind.GetAllWhere => Refs(Where(log, c, arguments[0]).Select(static r => r.Reference)),
            ImplicitKind.GetAllRecordsWhere => Records(c, Where(log, c, arguments[0])),
            ImplicitKind.Create or ImplicitKind.Destroy => await ConstructAsync(call, entry, arguments[0]).ConfigureAwait(false),
            _ => await ChangeAsync(log, c, message, arguments, call.Cancellation).ConfigureAwait(false),
        };
    }

    private async ValueTask<MessageResult> ConstructAsync(CallContext call, MessageEntry entry, Value argument)
    {
        if (!implementations.TryGetValue(entry.Class.Name, out object? implementation) || implementation is not IRowConstructor constructor)
        {
            throw new XenApiError("NOT_IMPLEMENTED", entry.FullName);
        }

        if (entry.Implicit!.Kind is ImplicitKind.Create)
        {
            return Text(await constructor.CreateUntypedAsync(call, entry.Class.ReadConstructor(argument)).ConfigureAwait(false));
        }

        await constructor.DestroyUntypedAsync(call, argument.AsString()).ConfigureAwait(false);
        return MessageResult.Void;
    }

    private IVirtualRows? Virtual(XenClass c) =>
        implementations.TryGetValue(c.Name, out object? implementation) ? implementation as IVirtualRows : null;

    private IReadOnlyList<RowView> Rows(IChangeLog log, XenClass c) => Virtual(c)?.Rows ?? log.Rows(c);

    private IEnumerable<string> ByName(IChangeLog log, XenClass c, string label) => Virtual(c) is { } rows
        ? rows.Rows.Where(r => Columns.Read(r, "name__label") == label).Select(static r => r.Reference)
        : log.RefsByName(c, label);

    private RowView[] Where(IChangeLog log, XenClass c, Value expression)
    {
        Query query = Query.Parse(expression.AsString());
        return [.. Rows(log, c).Where(row => query.Matches(column => Columns.Read(row, column)))];
    }

    private XenObject Row(IChangeLog log, XenClass c, Value self)
    {
        string reference = self.AsString();
        return (Virtual(c) is { } rows ? rows.Find(reference)?.Row : log.FindUntyped(c, reference)) ?? throw new XenApiError("HANDLE_INVALID", c.Name, reference);
    }

    private string ByUuid(IChangeLog log, XenClass c, string uuid) =>
        (Virtual(c) is { } rows ? rows.Rows.FirstOrDefault(r => r.Row.Uuid == uuid)?.Reference : log.RefByUuid(c, uuid)) ?? throw new XenApiError("UUID_INVALID", c.Name, uuid);

    /// <summary>Clients read the same record again and again.</summary>
    private static MessageResult Record(XenClass c, XenObject row) => new(w => w.Shared(row, shared => c.WriteRecord(row, shared)));

    private static MessageResult Field(XenField field, XenObject row) => new(w => field.Write(row, w));

    private static MessageResult Text(string text) => new(w => w.String(text));

    private static MessageResult Refs(IEnumerable<string> references)
    {
        string[] all = [.. references];
        return new MessageResult(w =>
        {
            w.BeginArray(all.Length);
            foreach (string reference in all)
            {
                w.String(reference);
            }

            w.EndArray();
        });
    }

    private static MessageResult Records(XenClass c, IReadOnlyList<RowView> rows)
    {
        Func<ValueWriter, IEnumerable<int>> parts = w => RecordParts(c, rows, w);
        return rows.Count > DispatchLimits.ShortResultRows
            ? MessageResult.InParts(parts)
            : new MessageResult(MessageResult.InParts(parts).Write);
    }

    private static IEnumerable<int> RecordParts(XenClass c, IReadOnlyList<RowView> rows, ValueWriter writer)
    {
        writer.BeginStruct(rows.Count);
        int count = 0;
        foreach (RowView row in rows)
        {
            writer.Member(row.Reference);
            c.WriteRecord(row.Row, writer);
            yield return ++count;
        }

        writer.EndStruct();
    }

    private static async ValueTask<MessageResult> ChangeAsync(
        IChangeLog log, XenClass c, ImplicitMessage message, ImmutableArray<Value> arguments, CancellationToken cancel)
    {
        string self = arguments[0].AsString();
        XenField field = message.Field!;
        if (field.HasEffect)
        {
            // Its setter is an explicit message, which was looked for first.
            throw new XenApiError("NOT_IMPLEMENTED", $"{c.Name}.{message.Name}");
        }

        await log.UpdateUntypedAsync(
            c, self, row => Consequences.Of(self, row, FieldChange.Apply(c, self, row, field, message.Kind, arguments)), cancel).ConfigureAwait(false);
        return MessageResult.Void;
    }
}
