using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>The sets at the other end of relations as a whole: they are not stored, the load works them out from the Ref fields.</summary>
internal static class Inverses
{
    /// <summary>Fills the inverse sets of rows that were just read, in place.</summary>
    internal static void Rebuild(Schema schema, IReadOnlyList<Dictionary<string, XenObject>> rows, FieldProbe probe)
    {
        var sets = new Dictionary<(Relation Relation, string Target), List<string>>();
        for (int table = 0; table < schema.Classes.Length; table++)
        {
            // The two sets of a many-to-many relation are stored.
            foreach (Relation relation in schema.Relations(table).Where(static r => r.Many.IsInverse))
            {
                foreach ((string reference, XenObject row) in rows[table])
                {
                    string target = probe.Text(relation.One, row);
                    if (!rows[relation.ManyTable].ContainsKey(target))
                    {
                        continue;
                    }

                    if (!sets.TryGetValue((relation, target), out List<string>? set))
                    {
                        sets.Add((relation, target), set = []);
                    }

                    set.Add(reference);
                }
            }
        }

        foreach (((Relation relation, string target), List<string> set) in sets)
        {
            Dictionary<string, XenObject> many = rows[relation.ManyTable];
            many[target] = relation.Many.With(many[target], ToValue(set));
        }
    }

    internal static Value ToValue(List<string> references) =>
        new Value.Array([.. references.Select(static reference => new Value.Text(reference))]);
}
