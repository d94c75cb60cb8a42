using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>From the rows of a file to the first snapshot: fields that are not persistent are at their defaults, inverse sets are worked out
/// anew. So any row may differ from what clients saw last, and all count as modified now; they keep the generation of their creation.</summary>
internal static class DatabaseLoader
{
    /// <summary>The first snapshot, and the generation reserved on disk beyond it. Raises <see cref="DatabaseFileException"/>.</summary>
    internal static (Snapshot Start, long Reserved) Load(Schema schema, SqliteStore store, string path)
    {
        Snapshot start = Build(schema, store.ReadRows(), store.ReadGeneration(), path);
        long reserved = start.Generation + DatabaseLimits.GenerationReserve;
        store.Write([], reserved);
        return (start, reserved);
    }

    internal static Snapshot Build(Schema schema, IEnumerable<StoredRow> stored, long generation, string path)
    {
        FieldProbe probe = new();
        Dictionary<string, XenObject>[] rows = [.. schema.Classes.Select(static _ => new Dictionary<string, XenObject>(StringComparer.Ordinal))];
        var created = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (StoredRow row in stored)
        {
            if (schema.Find(row.Class) is not { } table)
            {
                throw new DatabaseFileException(path, $"has rows of class {row.Class}, which this daemon does not know");
            }

            rows[table].Add(row.Ref, Decode(schema.Classes[table], row, path));
            created[row.Ref] = row.Created;
        }

        Inverses.Rebuild(schema, rows, probe);
        return Stamp(schema, rows, created, generation, probe, path);
    }

    private static Snapshot Stamp(Schema schema, Dictionary<string, XenObject>[] rows, Dictionary<string, long> created, long generation,
        FieldProbe probe, string path)
    {
        ImmutableArray<Table>.Builder tables = ImmutableArray.CreateBuilder<Table>(rows.Length);
        ImmutableDictionary<string, Place>.Builder uuids = ImmutableDictionary.CreateBuilder<string, Place>(StringComparer.Ordinal);
        for (int number = 0; number < rows.Length; number++)
        {
            List<RowView> views = new(rows[number].Count);
            foreach ((string reference, XenObject row) in rows[number])
            {
                views.Add(new RowView(reference, row, created[reference], ++generation));
                if (!uuids.TryAdd(row.Uuid, new Place(number, reference)))
                {
                    throw new DatabaseFileException(path, $"has two rows with uuid {row.Uuid}");
                }
            }

            tables.Add(new Table(schema.Classes[number]).Filled(views, probe));
        }

        return new Snapshot(schema, tables.MoveToImmutable(), uuids.ToImmutable(), generation);
    }

    private static XenObject Decode(XenClass info, StoredRow row, string path)
    {
        try
        {
            return RowCodec.Decode(info, row.Body);
        }
        catch (Exception error) when (error is WireFormatException or ValueFormatException)
        {
            throw new DatabaseFileException(path, $"is damaged: {info.Name} {row.Ref}: {error.Message}", error);
        }
    }
}
