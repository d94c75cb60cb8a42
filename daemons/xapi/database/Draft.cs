using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>A row whose new state, or absence (null), has to reach the disk.</summary>
internal readonly record struct DurableChange(XenClass Class, string Reference, RowView? Row);

/// <summary>
/// The next snapshot in the making: one mutation with everything that follows from it. Every row that changes, those at the other end of a
/// relation included, gets a generation of its own, so that the rows of a table are ordered by their last change.
/// Used under the database's lock.
/// </summary>
internal sealed class Draft(Schema schema, Snapshot from, FieldProbe probe)
{
    private readonly Table[] tables = [.. from.Tables];
    private ImmutableDictionary<string, Place> uuids = from.Uuids;
    private long generation = from.Generation;

    internal List<DurableChange> Durable { get; } = [];

    internal bool IsChanged => generation != from.Generation;

    internal Snapshot ToSnapshot() => new(schema, [.. tables], uuids, generation);

    internal RowView? Find(int table, string reference) => tables[table].Rows.GetValueOrDefault(reference);

    /// <summary>Adds a row; its inverse sets start empty. DB_UNIQUENESS_CONSTRAINT_VIOLATION [class; field; value] when the reference or the uuid is taken.</summary>
    internal RowView Insert(int table, string reference, XenObject value)
    {
        XenClass info = schema.Classes[table];
        if (tables.Any(other => other.Rows.ContainsKey(reference)))
        {
            throw NotUnique(info, "_ref", reference);
        }

        foreach (XenField field in info.Fields)
        {
            if (field.IsInverse)
            {
                value = field.With(value, new Value.Array([]));
            }
            else if (!probe.IsLegal(field, value))
            {
                value = Cut(field, value);
            }
        }

        TakeUuid(table, reference, value.Uuid);
        RowView row = new(reference, value, ++generation, generation);
        tables[table] = tables[table].With(row, probe);
        foreach (Relation relation in schema.Relations(table))
        {
            AttachAll(relation, probe.Texts(relation.One, value), reference);
        }

        if (info.Persistent && !value.IsTransient)
        {
            Durable.Add(new DurableChange(info, reference, row));
        }

        return row;
    }

    /// <summary>Puts a new state in place of a row's. The sets that the database maintains stay as they are. An equal state is no change.
    /// INVALID_VALUE [field; text] for a text that the database does not take; what is added to a set or a map is cut there.</summary>
    internal RowView Replace(int table, RowView old, XenObject value)
    {
        XenClass info = schema.Classes[table];
        List<XenField> changed = probe.Changed(old.Row, value);
        foreach (XenField field in changed)
        {
            if (field.IsInverse)
            {
                value = field.With(value, ValueBuilder.Build(writer => field.Write(old.Row, writer)));
            }
        }

        changed.RemoveAll(static field => field.IsInverse);
        value = Legal(changed, value);
        if (changed.Count == 0)
        {
            return old;
        }

        if (old.Row.Uuid != value.Uuid)
        {
            TakeUuid(table, old.Reference, value.Uuid);
            uuids = uuids.Remove(old.Row.Uuid);
        }

        RowView row = new(old.Reference, value, old.Created, ++generation);
        tables[table] = tables[table].With(row, probe);
        foreach (Relation relation in schema.Relations(table))
        {
            if (changed.Contains(relation.One))
            {
                List<string> before = probe.Texts(relation.One, old.Row);
                List<string> after = probe.Texts(relation.One, value);
                DetachAll(relation, before.Except(after), old.Reference);
                AttachAll(relation, after.Except(before), old.Reference);
            }
        }

        if (info.Persistent && !value.IsTransient && changed.Exists(static field => field.Persistent))
        {
            Durable.Add(new DurableChange(info, row.Reference, row));
        }

        return Find(table, row.Reference)!;
    }

    /// <summary>Removes a row. References to it stay, as those to an object that is gone.</summary>
    internal void Remove(int table, RowView row)
    {
        XenClass info = schema.Classes[table];
        tables[table] = tables[table].Without(row, ++generation, probe);
        uuids = uuids.Remove(row.Row.Uuid);
        foreach (Relation relation in schema.Relations(table))
        {
            DetachAll(relation, probe.Texts(relation.One, row.Row), row.Reference);
        }

        if (info.Persistent && !row.Row.IsTransient)
        {
            Durable.Add(new DurableChange(info, row.Reference, null));
        }
    }

    /// <summary>Marks a row as changed without changing it: two generations, so that the one before the mark is a token from which the mark is seen.</summary>
    internal long Touch(int table, RowView row)
    {
        generation += 2;
        tables[table] = tables[table].With(row with { Modified = generation }, probe);
        return generation;
    }

    /// <summary>Passes a generation that no row bears.</summary>
    internal void Skip() => generation++;

    private XenObject Legal(List<XenField> changed, XenObject value)
    {
        foreach (XenField field in changed)
        {
            if (!probe.IsLegal(field, value))
            {
                value = field.Shape is FieldShape.Scalar or FieldShape.Ref
                    ? throw new XenApiError("INVALID_VALUE", field.Name, LegalText.Cut(probe.Text(field, value)))
                    : Cut(field, value);
            }
        }

        return value;
    }

    private static XenObject Cut(XenField field, XenObject value) =>
        field.With(value, LegalText.Cut(ValueBuilder.Build(writer => field.Write(value, writer))));

    private void TakeUuid(int table, string reference, string uuid)
    {
        if (uuid.Length == 0 || uuids.ContainsKey(uuid))
        {
            throw NotUnique(schema.Classes[table], "uuid", uuid);
        }

        uuids = uuids.Add(uuid, new Place(table, reference));
    }

    private void AttachAll(Relation relation, IEnumerable<string> targets, string reference)
    {
        foreach (string target in targets)
        {
            if (Find(relation.ManyTable, target) is not { } end)
            {
                continue;
            }

            List<string> set = probe.Texts(relation.Many, end.Row);
            if (!set.Contains(reference))
            {
                set.Add(reference);
                SetMany(relation, end, set);
            }
        }
    }

    private void DetachAll(Relation relation, IEnumerable<string> targets, string reference)
    {
        foreach (string target in targets)
        {
            if (Find(relation.ManyTable, target) is not { } end)
            {
                continue;
            }

            List<string> set = probe.Texts(relation.Many, end.Row);
            if (set.Remove(reference))
            {
                SetMany(relation, end, set);
            }
        }
    }

    private void SetMany(Relation relation, RowView end, List<string> set)
    {
        XenObject value = relation.Many.With(end.Row, Inverses.ToValue(set));
        RowView row = end with { Row = value, Modified = ++generation };
        tables[relation.ManyTable] = tables[relation.ManyTable].With(row, probe);
        if (!relation.Many.IsInverse && relation.Many.Persistent && value.Class.Persistent && !value.IsTransient)
        {
            Durable.Add(new DurableChange(value.Class, row.Reference, row));
        }
    }

    private static XenApiError NotUnique(XenClass info, string field, string value) =>
        new("DB_UNIQUENESS_CONSTRAINT_VIOLATION", info.Name, field, value);
}
