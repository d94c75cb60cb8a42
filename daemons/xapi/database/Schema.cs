using System.Collections.Frozen;
using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>A Ref field, or a set of a many-to-many relation, and the set at the other end that follows it. A many-to-many relation is two of these.</summary>
internal sealed record Relation(XenField One, int ManyTable, XenField Many);

/// <summary>The classes with a table, numbered, and their relations. A relation to a class that is not declared is left out: its Ref field is then a plain value.</summary>
internal sealed class Schema
{
    private readonly FrozenDictionary<string, int> numbers;
    private readonly ImmutableArray<ImmutableArray<Relation>> relations;

    internal Schema(IEnumerable<XenClass> classes)
    {
        Classes = [.. classes.Where(static c => c.InDatabase)];
        numbers = Classes.Select(static (c, index) => KeyValuePair.Create(c.Name, index)).ToFrozenDictionary(StringComparer.Ordinal);
        relations = [.. Classes.Select(RelationsOf)];
    }

    internal ImmutableArray<XenClass> Classes { get; }

    /// <summary>The number of a class. ArgumentException for one without a table: a mistake of the caller, not of a client.</summary>
    internal int this[XenClass c] => Find(c.Name) ?? throw new ArgumentException($"class {c.Name} has no table", nameof(c));

    internal int? Find(string name) => numbers.TryGetValue(name, out int number) ? number : null;

    internal ImmutableArray<Relation> Relations(int table) => relations[table];

    private ImmutableArray<Relation> RelationsOf(XenClass c)
    {
        ImmutableArray<Relation>.Builder found = ImmutableArray.CreateBuilder<Relation>();
        foreach (XenField field in c.Fields)
        {
            if ((field.Inverse ?? field.Peer) is var (other, set) && Find(other) is { } table && Classes[table].Field(set) is { } many)
            {
                found.Add(new Relation(field, table, many));
            }
        }

        return found.DrainToImmutable();
    }
}
