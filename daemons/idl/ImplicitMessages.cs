using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Runtime.CompilerServices;

namespace Toolstack.Idl;

/// <summary>What an implicit message does.</summary>
public enum ImplicitKind
{
    GetField, SetField, AddToField, RemoveFromField, AddField, RemoveField,
    GetRecord, GetByUuid, GetByNameLabel, GetAll, GetAllRecords, GetAllWhere, GetAllRecordsWhere, Create, Destroy,
}

/// <summary>A message that follows from the class and its fields rather than being declared.</summary>
/// <param name="Field">The field of the first six kinds.</param>
/// <param name="Parameters">Without the session.</param>
public sealed record ImplicitMessage(
    XenClass Class, ImplicitKind Kind, XenField? Field, string Name, ImmutableArray<XenParameter> Parameters, string Result, Role Role)
{
    public string FullName => Class.Name + "." + Name;

    /// <summary>Roles open to it besides the least role and the stronger ones.</summary>
    public ImmutableArray<Role> Also => Kind is ImplicitKind.GetField || Field is null ? [] : Field.AlsoWriters;

    /// <summary>Whether <c>Async.</c> is offered: the constructor and destructor only.</summary>
    public bool Async => Kind is ImplicitKind.Create or ImplicitKind.Destroy;

    /// <summary>It changes nothing.</summary>
    public bool IsRead => Kind is ImplicitKind.GetField or (>= ImplicitKind.GetRecord and <= ImplicitKind.GetAllRecordsWhere);

    /// <summary>Whether it answers MESSAGE_REMOVED.</summary>
    public bool Removed => Field?.Removed ?? Class.Removed;
}

/// <summary>
/// Derives the implicit messages of a class: accessors of every public field, records, look-ups, lists, constructor and destructor.
/// A message that the class declares takes the place of the implicit one of its name.
/// </summary>
public static class ImplicitMessages
{
    private static readonly ConditionalWeakTable<XenClass, Derived> Cache = [];

    public static ImmutableArray<ImplicitMessage> Of(XenClass type) => Cache.GetValue(type, static t => new Derived(t)).Messages;

    public static ImplicitMessage? Find(XenClass type, string name) =>
        Cache.GetValue(type, static t => new Derived(t)).ByName.TryGetValue(name, out ImplicitMessage? message) ? message : null;

    private sealed class Derived
    {
        public Derived(XenClass type)
        {
            HashSet<string> declared = [.. type.Messages.Select(m => m.Name)];
            Messages = type.InDatabase ? [.. OfClass(type).Concat(type.Fields.Where(f => !f.Internal).SelectMany(f => OfField(type, f))).Where(m => !declared.Contains(m.Name))] : [];
            ByName = Messages.ToFrozenDictionary(m => m.Name);
        }

        public ImmutableArray<ImplicitMessage> Messages { get; }

        public FrozenDictionary<string, ImplicitMessage> ByName { get; }
    }

    private static IEnumerable<ImplicitMessage> OfClass(XenClass type)
    {
        string reference = type.Name + " ref";
        string record = type.Name + " record";
        ImplicitMessage Make(ImplicitKind kind, string name, string result, Role role, params XenParameter[] parameters) =>
            new(type, kind, null, name, [.. parameters], result, role);

        XenParameter self = new("self", reference);
        yield return Make(ImplicitKind.GetRecord, "get_record", record, type.Reader, self);
        yield return Make(ImplicitKind.GetByUuid, "get_by_uuid", reference, type.Reader, new XenParameter("uuid", "string"));
        if (type.Fields.Any(f => f.Column == "name__label"))
        {
            yield return Make(ImplicitKind.GetByNameLabel, "get_by_name_label", reference + " set", type.Reader, new XenParameter("label", "string"));
        }

        if (type.ExposesAll)
        {
            XenParameter expression = new("expr", "string");
            yield return Make(ImplicitKind.GetAll, "get_all", reference + " set", type.Reader);
            yield return Make(ImplicitKind.GetAllRecords, "get_all_records", $"({reference} -> {record}) map", type.Reader);
            yield return Make(ImplicitKind.GetAllWhere, "get_all_where", reference + " set", type.Reader, expression);
            yield return Make(ImplicitKind.GetAllRecordsWhere, "get_all_records_where", $"({reference} -> {record}) map", type.Reader, expression);
        }

        if (type.Constructor)
        {
            yield return Make(ImplicitKind.Create, "create", reference, type.ConstructorRole, new XenParameter("args", record));
            yield return Make(ImplicitKind.Destroy, "destroy", "void", type.ConstructorRole, self);
        }
    }

    private static IEnumerable<ImplicitMessage> OfField(XenClass type, XenField field)
    {
        XenParameter self = new("self", type.Name + " ref");
        ImplicitMessage Make(ImplicitKind kind, string prefix, string result, Role role, params XenParameter[] parameters) =>
            new(type, kind, field, prefix + field.Name, [self, .. parameters], result, role);

        yield return Make(ImplicitKind.GetField, "get_", field.Type, field.Reader);
        if (field.Qualifier != Qualifier.RW || field.IsInverse)
        {
            yield break;
        }

        yield return Make(ImplicitKind.SetField, "set_", "void", field.Writer, new XenParameter("value", field.Type));
        switch (field.Shape)
        {
            case FieldShape.Map:
                (string key, string value) = MapTypes(field.Type);
                yield return Make(ImplicitKind.AddToField, "add_to_", "void", field.Writer, new XenParameter("key", key), new XenParameter("value", value));
                yield return Make(ImplicitKind.RemoveFromField, "remove_from_", "void", field.Writer, new XenParameter("key", key));
                break;
            case FieldShape.Set or FieldShape.RefSet:
                XenParameter item = new("value", field.Type[..^" set".Length]);
                yield return Make(ImplicitKind.AddField, "add_", "void", field.Writer, item);
                yield return Make(ImplicitKind.RemoveField, "remove_", "void", field.Writer, item);
                break;
        }
    }

    /// <summary>K and V of <c>(K -> V) map</c>; K holds no arrow, as keys are scalars.</summary>
    private static (string Key, string Value) MapTypes(string type)
    {
        int arrow = type.IndexOf(" -> ", StringComparison.Ordinal);
        return (type[1..arrow], type[(arrow + 4)..^") map".Length]);
    }
}
