using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>The rows of one class at one moment: immutable, so a reader keeps a consistent view without a lock.
/// Indexed by ref, by name_label where the class has one, and by the generation of the last change (what event.from asks for).</summary>
internal sealed record Table
{
    private static readonly Comparer<Stamp> ByGeneration = Comparer<Stamp>.Create(static (a, b) => a.Generation.CompareTo(b.Generation));

    private static readonly ImmutableSortedSet<string> NoNames = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    private readonly XenField? name;

    internal Table(XenClass info)
    {
        Class = info;
        name = info.Field("name_label");
    }

    internal XenClass Class { get; }

    internal ImmutableDictionary<string, RowView> Rows { get; private init; } = ImmutableDictionary.Create<string, RowView>(StringComparer.Ordinal);

    /// <summary>Oldest first; never more than <see cref="DatabaseLimits.DeletedMost"/>.</summary>
    internal ImmutableQueue<DeletedRow> Deleted { get; private init; } = [];

    /// <summary>The newest generation of any row, present or deleted.</summary>
    internal long Newest { get; private init; }

    /// <summary>The generation of the newest deletion that is no longer in <see cref="Deleted"/>.</summary>
    internal long ForgottenUpTo { get; private init; }

    private int DeletedCount { get; init; }

    private ImmutableSortedSet<Stamp> Changes { get; init; } = ImmutableSortedSet.Create<Stamp>(ByGeneration);

    private ImmutableDictionary<string, ImmutableSortedSet<string>> Names { get; init; } =
        ImmutableDictionary.Create<string, ImmutableSortedSet<string>>(StringComparer.Ordinal);

    /// <summary>This empty table with rows, each with a generation of its own.</summary>
    internal Table Filled(IReadOnlyList<RowView> rows, FieldProbe probe)
    {
        if (rows.Count == 0)
        {
            return this;
        }

        Dictionary<string, List<string>> labels = new(StringComparer.Ordinal);
        foreach (RowView row in rows)
        {
            if (name is null)
            {
                break;
            }

            string label = probe.Text(name, row.Row);
            if (!labels.TryGetValue(label, out List<string>? named))
            {
                labels.Add(label, named = []);
            }

            named.Add(row.Reference);
        }

        return this with
        {
            Rows = Rows.AddRange(rows.Select(static row => KeyValuePair.Create(row.Reference, row))),
            Changes = Changes.Union(rows.Select(static row => new Stamp(row.Modified, row.Reference))),
            Names = Names.AddRange(labels.Select(static l => KeyValuePair.Create(l.Key, NoNames.Union(l.Value)))),
            Newest = rows.Max(static row => row.Modified),
        };
    }

    /// <summary>The table with the row in place of any older state of it. Each change carries a generation of its own.</summary>
    internal Table With(RowView row, FieldProbe probe)
    {
        RowView? old = Rows.GetValueOrDefault(row.Reference);
        ImmutableSortedSet<Stamp> changes = old is null ? Changes : Changes.Remove(new Stamp(old.Modified, ""));
        return this with
        {
            Rows = Rows.SetItem(row.Reference, row),
            Changes = changes.Add(new Stamp(row.Modified, row.Reference)),
            Names = Rename(old, row, probe),
            Newest = Math.Max(Newest, row.Modified),
        };
    }

    internal Table Without(RowView row, long generation, FieldProbe probe)
    {
        ImmutableQueue<DeletedRow> deleted = Deleted.Enqueue(new DeletedRow(row.Reference, row.Row, row.Created, generation));
        int count = DeletedCount + 1;
        long forgotten = ForgottenUpTo;
        if (count > DatabaseLimits.DeletedMost)
        {
            for (; count > DatabaseLimits.DeletedKept; count--)
            {
                deleted = deleted.Dequeue(out DeletedRow oldest);
                forgotten = oldest.Deleted;
            }
        }

        return this with
        {
            Rows = Rows.Remove(row.Reference),
            Changes = Changes.Remove(new Stamp(row.Modified, "")),
            Names = Rename(row, null, probe),
            Deleted = deleted,
            DeletedCount = count,
            ForgottenUpTo = forgotten,
            Newest = generation,
        };
    }

    /// <summary>The rows changed after a generation, oldest change first.</summary>
    internal IEnumerable<RowView> ChangedSince(long generation)
    {
        int at = Changes.IndexOf(new Stamp(generation, ""));
        for (int index = at < 0 ? ~at : at + 1; index < Changes.Count; index++)
        {
            yield return Rows[Changes[index].Ref];
        }
    }

    internal ImmutableSortedSet<string> Named(string label) => Names.GetValueOrDefault(label, NoNames);

    private ImmutableDictionary<string, ImmutableSortedSet<string>> Rename(RowView? before, RowView? after, FieldProbe probe)
    {
        if (name is null)
        {
            return Names;
        }

        string? old = before is null ? null : probe.Text(name, before.Row);
        string? now = after is null ? null : probe.Text(name, after.Row);
        if (old == now)
        {
            return Names;
        }

        ImmutableDictionary<string, ImmutableSortedSet<string>> names = Names;
        if (old is not null)
        {
            ImmutableSortedSet<string> rest = names[old].Remove(before!.Reference);
            names = rest.IsEmpty ? names.Remove(old) : names.SetItem(old, rest);
        }

        return now is null
            ? names
            : names.SetItem(now, names.GetValueOrDefault(now, NoNames).Add(after!.Reference));
    }

    private readonly record struct Stamp(long Generation, string Ref);
}
