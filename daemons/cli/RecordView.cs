using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Cli;

/// <summary>A field as the command line shows it. <see cref="Access"/> is RO, RW, SRO, SRW, MRO or MRW (set, map).</summary>
internal sealed record ViewField(string Name, XenField Field, string Access, Func<Value.Struct, ObjectNames, CancellationToken, Task<string>> Show)
{
    /// <summary>The class that the field refers to, or null.</summary>
    internal string? Target { get; init; }
}

/// <summary>The fields of a class under their names on the command line: hyphens for underscores; references as uuids, and of objects
/// that hang between others (a VBD's VM and VDI) as <c>vm-uuid</c> and <c>vm-name-label</c>.</summary>
internal sealed class RecordView
{
    /// <summary>Classes whose references stand under their own names.</summary>
    private static readonly HashSet<string> Roots = ["VM", "pool", "host", "task", "SR", "network"];

    private RecordView(XenClass xenClass)
    {
        Class = xenClass;
        Fields = [.. xenClass.Fields.Where(field => !field.Internal && !field.Removed).SelectMany(Views)];
    }

    internal XenClass Class { get; }

    internal ImmutableArray<ViewField> Fields { get; }

    internal static RecordView Of(XenClass xenClass) => new(xenClass);

    internal ViewField Find(string name) => TryFind(name) ?? throw new CliUsageError($"Unknown field: {name}");

    internal ViewField? TryFind(string name) => Fields.FirstOrDefault(field => string.Equals(field.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? Fields.FirstOrDefault(field => string.Equals(Dashed(field.Field.Name), name, StringComparison.OrdinalIgnoreCase));

    internal static string Dashed(string name) => name.Replace('_', '-');

    /// <summary>The class a reference type names (<c>VM ref</c>, <c>VM ref set</c>).</summary>
    internal static string? TargetOf(string type) => type.IndexOf(" ref", StringComparison.Ordinal) is > 0 and var end && !type.StartsWith('(') ? type[..end] : null;

    private IEnumerable<ViewField> Views(XenField field)
    {
        var target = TargetOf(field.Type);
        if (target is null || field.Shape != FieldShape.Ref || Roots.Contains(Class.Name))
        {
            yield return new ViewField(Dashed(field.Name), field, Access(field), (record, names, cancel) => TextAsync(record, field, target, names, cancel))
            {
                Target = target,
            };
            yield break;
        }

        var prefix = Dashed(field.Name).ToLowerInvariant();
        yield return new ViewField(prefix + "-uuid", field, Access(field), (record, names, cancel) => TextAsync(record, field, target, names, cancel))
        {
            Target = target,
        };
        if (Datamodel.Find(target)?.Field("name_label") is not null)
        {
            yield return new ViewField(prefix + "-name-label", field, " RO", (record, names, cancel) => names.NameAsync(target, Get(record, field), cancel))
            {
                Target = target,
            };
        }
    }

    private string Access(XenField field)
    {
        var writes = field.Qualifier == Qualifier.RW || Class.Messages.Any(message => message.Name == "set_" + field.Name && message.Parameters.Length == 2);
        var shape = field.Shape switch
        {
            FieldShape.Map => "M",
            FieldShape.Set or FieldShape.RefSet => "S",
            _ => " ",
        };
        return shape + (writes && !field.IsInverse ? "RW" : "RO");
    }

    private static async Task<string> TextAsync(Value.Struct record, XenField field, string? target, ObjectNames names, CancellationToken cancel)
    {
        var value = Get(record, field);
        if (target is null)
        {
            // The one enum that the original spells in its own way.
            return field.Name == "power_state" ? Text(value).ToLowerInvariant() : Text(value);
        }

        if (value is not Value.Array set)
        {
            return await names.UuidAsync(target, value, cancel);
        }

        await names.PrepareAsync(target, set.Items, cancel);
        var uuids = new List<string>();
        foreach (var item in set.Items)
        {
            uuids.Add(await names.UuidAsync(target, item, cancel));
        }

        return string.Join("; ", uuids);
    }

    /// <summary>Sets joined by "; ", maps as "key: value; ...".</summary>
    internal static string Text(Value value) => value switch
    {
        Value.Bool flag => flag.Content ? "true" : "false",
        Value.Float number => number.Content.ToString("0.######", CultureInfo.InvariantCulture),
        Value.Date date => WireDate.Format(date.Content),
        Value.Array array => string.Join("; ", array.Items.Select(Text)),
        Value.Struct map => string.Join("; ", map.Members.Select(member => $"{member.Key}: {Text(member.Value)}")),
        Value.Nil => "",
        _ => value.AsString(),
    };

    private static Value Get(Value.Struct record, XenField field) => record.Find(field.Name) ?? Value.Empty;
}
