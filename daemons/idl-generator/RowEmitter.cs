using System.Collections.Immutable;

namespace Toolstack.Idl.Generator;

/// <summary>Emits the other half of a row: its class as data, with the code that writes and replaces each field.</summary>
internal static class RowEmitter
{
    private const string Array = "global::System.Collections.Immutable.ImmutableArray";

    /// <param name="row">The row.</param>
    /// <param name="messages">The interface of its explicit messages, or null.</param>
    /// <param name="inverses">Every <c>class.field</c> that is the other end of some Ref field.</param>
    public static string Emit(RowModel row, MessagesModel? messages, ImmutableHashSet<string> inverses)
    {
        CodeWriter code = CodeWriter.File(row.Space);
        code.Open($"sealed partial record @{row.TypeName} : global::Toolstack.Idl.IXenObject<@{row.TypeName}>");
        code.Line("/// <summary>The class as data.</summary>");
        code.Line("public static global::Toolstack.Idl.XenClass Info => Metadata.Class;");
        code.Line();
        code.Line("public override global::Toolstack.Idl.XenClass Class => Metadata.Class;");
        code.Line();
        code.Line($"public override string Uuid => {UuidOf(row)};");
        code.Line();
        code.Open("private static class Metadata");
        code.Line("internal static readonly global::Toolstack.Idl.XenClass Class = new()");
        code.Open();
        code.Line($"Name = {CodeWriter.Quote(row.ClassName)},");
        code.Line($"InDatabase = {CodeWriter.Bool(row.InDatabase)},");
        code.Line($"ExposesAll = {CodeWriter.Bool(row.ExposesAll)},");
        code.Line($"Constructor = {CodeWriter.Bool(row.Constructor)},");
        code.Line($"ConstructorRole = {row.ConstructorRole},");
        code.Line($"Persistent = {CodeWriter.Bool(row.Persistent)},");
        code.Line($"Events = {CodeWriter.Bool(row.Events)},");
        if (row.Reader != RowModel.EnumMember("Role", 0))
        {
            code.Line($"Reader = {row.Reader},");
        }

        if (row.Removed)
        {
            code.Line("Removed = true,");
        }

        code.Line($"Fields = {Array}.Create<global::Toolstack.Idl.XenField>({(row.Fields.Count == 0 ? "),": "")}");
        for (int i = 0; i < row.Fields.Count; i++)
        {
            code.Line($"    Field{i}(){(i == row.Fields.Count - 1 ? ")," : ",")}");
        }

        string table = messages is null ? $"{Array}<global::Toolstack.Idl.XenMessage>.Empty" : messages.TableName + ".Messages";
        code.Line($"Messages = {table},");
        IEnumerable<string> enums = row.Fields.SelectMany(f => f.Type.EnumCodecs).Concat(messages?.EnumCodecs ?? []).Distinct();
        code.Line($"Enums = {Array}.Create<global::Toolstack.Idl.XenEnum>({string.Join(", ", enums.Select(e => e + ".Info"))}),");
        code.Line($"Blank = new @{row.TypeName}(),");
        code.Close("};");
        for (int i = 0; i < row.Fields.Count; i++)
        {
            code.Line();
            EmitField(code, row, row.Fields[i], i, inverses);
        }

        code.Close();
        code.Close();
        return code.ToString();
    }

    private static void EmitField(CodeWriter code, RowModel row, FieldModel field, int index, ImmutableHashSet<string> inverses)
    {
        code.Line($"private static global::Toolstack.Idl.XenField Field{index}() => new()");
        code.Open();
        code.Line($"Name = {CodeWriter.Quote(field.Name)},");
        code.Line($"Column = {CodeWriter.Quote(field.Column)},");
        code.Line($"Type = {CodeWriter.Quote(field.Text)},");
        code.Line($"Shape = global::Toolstack.Idl.FieldShape.{FieldShape(field.Type)},");
        code.Line($"Qualifier = {field.Qualifier},");
        code.Line($"Persistent = {CodeWriter.Bool(field.Persistent)},");
        code.Line($"Internal = {CodeWriter.Bool(field.Internal)},");
        code.Line($"HasDefault = {CodeWriter.Bool(field.HasDefault)},");
        code.Line($"HasEffect = {CodeWriter.Bool(field.HasEffect)},");
        if (field.Reader != RowModel.EnumMember("Role", 0))
        {
            code.Line($"Reader = {field.Reader},");
        }

        code.Line($"Writer = {field.Writer},");
        if (field.AlsoWriters.Count > 0)
        {
            code.Line($"AlsoWriters = {Array}.Create({string.Join(", ", field.AlsoWriters)}),");
        }

        if (field.GuardedKeys.Count > 0)
        {
            code.Line($"GuardedKeys = {Array}.Create({string.Join(", ", field.GuardedKeys.Select(k => $"global::Toolstack.Idl.GuardedKey.Parse({CodeWriter.Quote(k)})"))}),");
        }

        if (field.Removed)
        {
            code.Line("Removed = true,");
        }

        if (field.OtherEnd is { } inverse && inverse.IndexOf('.') is > 0 and int dot)
        {
            code.Line($"{(field.Inverse is null ? "Peer" : "Inverse")} = ({CodeWriter.Quote(inverse.Substring(0, dot))}, {CodeWriter.Quote(inverse.Substring(dot + 1))}),");
        }

        code.Line($"IsInverse = {CodeWriter.Bool(inverses.Contains(row.ClassName + "." + field.Name))},");
        code.Line($"Write = static (__row, __w) => {CodecExpressions.Write(field.Type, "__w", $"((@{row.TypeName})__row).@{field.Name}")},");
        code.Line($"Same = static (__a, __b) => global::System.Collections.Generic.EqualityComparer<{field.Type.CSharp}>.Default.Equals(((@{row.TypeName})__a).@{field.Name}, ((@{row.TypeName})__b).@{field.Name}),");
        code.Line($"Set = static (__row, __v) => Set{index}((@{row.TypeName})__row, {ReadField(field)}),");
        code.Close("};");
        code.Line();
        code.Line($"[global::System.Runtime.CompilerServices.UnsafeAccessor(global::System.Runtime.CompilerServices.UnsafeAccessorKind.Method, Name = \"set_{field.Name}\")]");
        code.Line($"private static extern void Set{index}(@{row.TypeName} row, {field.Type.CSharp} value);");
    }

    /// <summary>Texts that many rows have in common are kept once.</summary>
    private static string ReadField(FieldModel field)
    {
        string read = CodecExpressions.Read(field.Type, "__v");
        return field.Type.Shape == Shape.String && field.Name != "uuid" ? $"global::Toolstack.Idl.TextPool.Share({read})" : read;
    }

    private static string UuidOf(RowModel row) =>
        row.Fields.FirstOrDefault(f => f.Name == "uuid") is not { } uuid ? "\"\"" : uuid.Type.Shape == Shape.Nullable ? "@uuid ?? \"\"" : "@uuid";

    private static string FieldShape(TypeModel type) => type.Shape switch
    {
        Shape.Ref => "Ref",
        Shape.Set when type[0].Shape == Shape.Ref => "RefSet",
        Shape.Set => "Set",
        Shape.Map => "Map",
        _ => "Scalar",
    };
}
