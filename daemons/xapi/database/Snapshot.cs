using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>All tables at one moment. Immutable; the newest one is published with a single write, so readers take no lock.</summary>
internal sealed class Snapshot(Schema schema, ImmutableArray<Table> tables, ImmutableDictionary<string, Place> uuids, long generation) : IDatabaseView
{
    internal ImmutableArray<Table> Tables => tables;

    /// <summary>Where the row with a uuid is: uuids are unique over all tables.</summary>
    internal ImmutableDictionary<string, Place> Uuids => uuids;

    public long Generation => generation;

    public long Newest(XenClass c) => tables[schema[c]].Newest;

    public IReadOnlyList<RowView> Rows(XenClass c) => [.. tables[schema[c]].Rows.Values];

    public IReadOnlyList<RowView> ChangedSince(XenClass c, long generation) => [.. tables[schema[c]].ChangedSince(generation)];

    public IReadOnlyList<DeletedRow> Deleted(XenClass c) => [.. tables[schema[c]].Deleted.Reverse()];

    public long ForgottenUpTo(XenClass c) => tables[schema[c]].ForgottenUpTo;

    public int Count(XenClass c) => tables[schema[c]].Rows.Count;

    public RowView? Find(XenClass c, string reference) => tables[schema[c]].Rows.GetValueOrDefault(reference);
}

/// <summary>A row's table, by number, and its reference.</summary>
internal readonly record struct Place(int Table, string Reference);
