using Toolstack.Idl;

namespace Toolstack.Xe;

/// <summary>Names and values of fields as xe shows them: hyphens for underscores, sets joined by "; ", maps as "key: value; ...".</summary>
internal static class FieldText
{
    internal static string Name(string field) => field.Replace('_', '-');

    internal static string Command(XenClass xenClass) => Name(xenClass.EventName);

    /// <summary>The field shown as <paramref name="name"/>; UsageException when the class has none.</summary>
    internal static XenField Find(XenClass xenClass, string name)
    {
        foreach (var field in xenClass.Fields)
        {
            if (!field.Internal && string.Equals(Name(field.Name), name, StringComparison.OrdinalIgnoreCase))
            {
                return field;
            }
        }

        throw new UsageException($"{Command(xenClass)} has no parameter {name}");
    }

    internal static string Show(Value value) => value switch
    {
        Value.Bool flag => flag.Content ? "true" : "false",
        Value.Float number => number.AsString(),
        Value.Date date => WireDate.Format(date.Content),
        Value.Array array => string.Join("; ", array.Items.Select(Show)),
        Value.Struct map => string.Join("; ", map.Members.Select(member => $"{member.Key}: {Show(member.Value)}")),
        _ => value.AsString(),
    };

    /// <summary>A value for a setter, from what was typed.</summary>
    internal static Value Read(XenField field, string text) => field.Type switch
    {
        "bool" => new Value.Bool(text is "true" or "yes" or "1"),
        "float" => new Value.Float(new Value.Text(text).AsFloat()),
        _ when field.Shape is FieldShape.Scalar or FieldShape.Ref => new Value.Text(text),
        _ => throw new UsageException($"{Name(field.Name)} is a {field.Type}: param-set sets single values"),
    };
}
