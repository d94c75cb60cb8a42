using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>An addition to or a removal from a set or map field, as <c>Process_structured_field</c> asks for it.</summary>
internal sealed record StructuredChange(string Key, string Content, string Operation, string Table, string Reference)
{
    internal static StructuredChange Parse(Value pair, Value operation, string table, string reference)
    {
        string name = operation is Value.Array { Items: [var only] } ? only.AsString() : operation.AsString();
        return pair.AsArray() is [var key, var content]
            ? new StructuredChange(key.AsString(), content.AsString(), name.ToUpperInvariant(), table, reference)
            : throw new ValueFormatException("expected a pair");
    }

    /// <summary>MAP_DUPLICATE_KEY [class; field; ref; key] when the key has another value.</summary>
    internal XenObject Apply(XenField field, XenObject row)
    {
        Value current = ValueBuilder.Build(writer => field.Write(row, writer));
        Value changed = Operation switch
        {
            "ADDSET" => AddItem(current.AsArray()),
            "REMOVESET" => new Value.Array(current.AsArray().RemoveAll(item => item.AsString() == Key)),
            "ADDMAP" or "ADDMAPLEGACY" => AddMember(field, current.AsStruct(), idempotent: Operation == "ADDMAP"),
            "REMOVEMAP" => new Value.Struct(current.AsStruct().Members.RemoveAll(member => member.Key == Key)),
            _ => throw new ValueFormatException($"unknown operation {Operation}"),
        };
        return field.With(row, changed);
    }

    private Value.Array AddItem(ImmutableArray<Value> items) =>
        new(items.Any(item => item.AsString() == Key) ? items : items.Add(new Value.Text(Key)));

    private Value.Struct AddMember(XenField field, Value.Struct map, bool idempotent) => map.Find(Key) switch
    {
        null => new Value.Struct(map.Members.Add(new(Key, new Value.Text(Content)))),
        { } present when idempotent && present.AsString() == Content => map,
        _ => throw new XenApiError("MAP_DUPLICATE_KEY", Table, field.Name, Reference, Key),
    };
}
