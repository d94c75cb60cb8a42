using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Tests.Database;

/// <summary>Two small classes made by hand, as the generator makes them: a shelf, and boxes that stand on shelves.</summary>
internal sealed record shelf : XenObject, IXenObject<shelf>
{
    public string uuid { get; set; } = "";

    public string name_label { get; set; } = "";

    public ImmutableArray<string> boxes { get; set; } = [];

    public static XenClass Info { get; } = Declare.Class("shelf", new shelf(), persistent: true,
    [
        Declare.Text<shelf>("uuid", static r => r.uuid, static (r, v) => r.uuid = v),
        Declare.Text<shelf>("name_label", static r => r.name_label, static (r, v) => r.name_label = v, column: "name__label"),
        Declare.Set<shelf>("boxes", static r => r.boxes, static (r, v) => r.boxes = v, inverse: true),
    ]);

    public override XenClass Class => Info;

    public override string Uuid => uuid;
}

internal sealed record box : XenObject, IXenObject<box>
{
    public string uuid { get; set; } = "";

    public string name_label { get; set; } = "";

    public string shelf { get; set; } = "OpaqueRef:NULL";

    public ImmutableArray<string> tags { get; set; } = [];

    public ImmutableSortedDictionary<string, string> other_config { get; set; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Not persistent.</summary>
    public long weight { get; set; }

    public static XenClass Info { get; } = Declare.Class("box", new box(), persistent: true,
    [
        Declare.Text<box>("uuid", static r => r.uuid, static (r, v) => r.uuid = v),
        Declare.Text<box>("name_label", static r => r.name_label, static (r, v) => r.name_label = v, column: "name__label"),
        Declare.Text<box>("shelf", static r => r.shelf, static (r, v) => r.shelf = v, inverse: ("shelf", "boxes")),
        Declare.Set<box>("tags", static r => r.tags, static (r, v) => r.tags = v, inverse: false),
        Declare.Map<box>("other_config", static r => r.other_config, static (r, v) => r.other_config = v),
        Declare.Int<box>("weight", static r => r.weight, static (r, v) => r.weight = v, persistent: false),
    ]);

    public override XenClass Class => Info;

    public override string Uuid => uuid;

    internal static box New(string name, Ref<shelf> on = default) =>
        new() { uuid = Guid.NewGuid().ToString(), name_label = name, shelf = on.ToString() };
}

/// <summary>A class that is not persistent.</summary>
internal sealed record visit : XenObject, IXenObject<visit>
{
    public string uuid { get; set; } = "";

    public static XenClass Info { get; } = Declare.Class("visit", new visit(), persistent: false,
        [Declare.Text<visit>("uuid", static r => r.uuid, static (r, v) => r.uuid = v)]);

    public override XenClass Class => Info;

    public override string Uuid => uuid;
}

internal static class Declare
{
    internal static ImmutableArray<XenClass> All => [shelf.Info, box.Info, visit.Info];

    internal static XenClass Class(string name, XenObject blank, bool persistent, ImmutableArray<XenField> fields) => new()
    {
        Name = name,
        InDatabase = true,
        ExposesAll = true,
        Constructor = false,
        ConstructorRole = Role.PoolAdmin,
        Persistent = persistent,
        Events = true,
        Fields = fields,
        Messages = [],
        Enums = [],
        Blank = blank,
    };

    internal static XenField Text<T>(string name, Func<T, string> get, Action<T, string> set, (string, string)? inverse = null, string? column = null)
        where T : XenObject => Field(name, column ?? name, inverse is null ? "string" : "shelf ref", inverse is null ? FieldShape.Scalar : FieldShape.Ref, true,
            (row, writer) => writer.String(get((T)row)), (row, value) => set((T)row, value.AsString()), inverse, false);

    internal static XenField Int<T>(string name, Func<T, long> get, Action<T, long> set, bool persistent)
        where T : XenObject => Field(name, name, "int", FieldShape.Scalar, persistent,
            (row, writer) => writer.Int(get((T)row)), (row, value) => set((T)row, value.AsInt()), null, false);

    internal static XenField Set<T>(string name, Func<T, ImmutableArray<string>> get, Action<T, ImmutableArray<string>> set, bool inverse)
        where T : XenObject => Field(name, name, inverse ? "box ref set" : "string set", inverse ? FieldShape.RefSet : FieldShape.Set, true,
            (row, writer) =>
            {
                ImmutableArray<string> items = get((T)row);
                writer.BeginArray(items.Length);
                foreach (string item in items)
                {
                    writer.String(item);
                }

                writer.EndArray();
            },
            (row, value) => set((T)row, [.. value.AsArray().Select(static item => item.AsString())]), null, inverse);

    internal static XenField Map<T>(string name, Func<T, ImmutableSortedDictionary<string, string>> get,
        Action<T, ImmutableSortedDictionary<string, string>> set)
        where T : XenObject => Field(name, name, "(string -> string) map", FieldShape.Map, true,
            (row, writer) =>
            {
                ImmutableSortedDictionary<string, string> map = get((T)row);
                writer.BeginStruct(map.Count);
                foreach ((string key, string value) in map)
                {
                    writer.Member(key);
                    writer.String(value);
                }

                writer.EndStruct();
            },
            (row, value) => set((T)row, value.AsStruct().Members.ToImmutableSortedDictionary(
                static member => member.Key, static member => member.Value.AsString(), StringComparer.Ordinal)), null, false);

    private static XenField Field(string name, string column, string type, FieldShape shape, bool persistent, Action<XenObject, ValueWriter> write,
        Action<XenObject, Value> set, (string, string)? inverse, bool isInverse) => new()
        {
            Name = name,
            Column = column,
            Type = type,
            Shape = shape,
            Qualifier = Qualifier.RW,
            Persistent = persistent,
            Internal = false,
            HasDefault = true,
            HasEffect = false,
            Writer = Role.PoolAdmin,
            Inverse = inverse,
            IsInverse = isInverse,
            Write = write,
            Same = ReferenceEquals,
            Set = set,
        };
}
