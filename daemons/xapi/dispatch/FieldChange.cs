using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Dispatch;

/// <summary>What the implicit setters make of a row. Adding what is there and removing what is not change nothing.</summary>
internal static class FieldChange
{
    /// <summary>Arguments as on the wire, the object first. Raises MAP_DUPLICATE_KEY [class; field; ref; key].</summary>
    internal static XenObject Apply(XenClass c, string self, XenObject row, XenField field, ImplicitKind kind, ImmutableArray<Value> arguments)
    {
        switch (kind)
        {
            case ImplicitKind.SetField:
                return field.With(row, arguments[1]);
            case ImplicitKind.AddField:
            case ImplicitKind.RemoveField:
                return field.With(row, new Value.Array(ChangeSet(Current(field, row).AsArray(), arguments[1].AsString(), kind)));
            case ImplicitKind.AddToField:
                return field.With(row, new Value.Struct(AddTo(Current(field, row).AsStruct(), Key(arguments[1]), arguments[2],
                    key => new XenApiError("MAP_DUPLICATE_KEY", c.Name, field.Name, self, key))));
            case ImplicitKind.RemoveFromField:
                string gone = Key(arguments[1]);
                return field.With(row, new Value.Struct(Current(field, row).AsStruct().Members.RemoveAll(m => m.Key == gone)));
            default:
                throw new XenApiError("INTERNAL_ERROR", $"{kind} is no change of a field");
        }
    }

    private static Value Current(XenField field, XenObject row) => ValueBuilder.Build(w => field.Write(row, w));

    private static string Key(Value key) => key.AsString();

    private static ImmutableArray<Value> ChangeSet(ImmutableArray<Value> items, string item, ImplicitKind kind)
    {
        ImmutableArray<Value> others = items.RemoveAll(v => v.AsString() == item);
        return kind == ImplicitKind.RemoveField ? others
            : others.Length == items.Length ? items.Add(new Value.Text(item))
            : items;
    }

    private static ImmutableArray<KeyValuePair<string, Value>> AddTo(Value.Struct map, string key, Value value, Func<string, XenApiError> duplicate) =>
        map.Find(key) is not { } present ? map.Members.Add(new(key, value))
        : Same(present, value) ? map.Members
        : throw duplicate(key);

    /// <summary>Values of maps are texts, numbers or flags, which clients may also send as text.</summary>
    private static bool Same(Value present, Value value) =>
        present.Equals(value) || (present is Value.Text or Value.Int && value is Value.Text or Value.Int && present.AsString() == value.AsString());
}
