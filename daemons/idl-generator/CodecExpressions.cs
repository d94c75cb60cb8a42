namespace Toolstack.Idl.Generator;

/// <summary>The C# that writes and reads a value of a type. Lambdas are static and use names no contract uses.</summary>
internal static class CodecExpressions
{
    private const string Wire = "global::Toolstack.Idl.Wire";

    /// <summary>An expression (of type void) that writes <paramref name="value"/> to <paramref name="writer"/>.</summary>
    public static string Write(TypeModel type, string writer, string value) => type.Shape switch
    {
        Shape.Void => $"{writer}.Void()",
        Shape.Result => $"{value}.Write({writer})",
        Shape.String => $"{writer}.String({value})",
        Shape.Int or Shape.Int32 => $"{writer}.Int({value})",
        Shape.Float => $"{writer}.Float({value})",
        Shape.Bool => $"{writer}.Bool({value})",
        Shape.Date => $"{writer}.Date({value})",
        Shape.Dynamic => $"{writer}.Dynamic({value})",
        Shape.Ref => $"{writer}.String({value}.ToString())",
        Shape.Enum or Shape.Wire => $"{type.Codec}.Write({writer}, {value})",
        Shape.Row => $"{value}.Class.WriteRecord({value}, {writer})",
        Shape.Set => $"{Wire}.WriteSet({writer}, {value}, {Writer(type[0])})",
        Shape.Map => $"{Wire}.WriteMap({writer}, {value}, {KeyText(type[0])}, {Writer(type[1])})",
        Shape.Nullable when type[0].IsValueType => $"{Wire}.WriteOption({writer}, {value}.HasValue, {value}.GetValueOrDefault(), {Writer(type[0])})",
        Shape.Nullable => $"{Wire}.WriteOption({writer}, {value} is not null, {value}!, {Writer(type[0])})",
        Shape.Tuple => $"{Tuple(type, writer, value)}",
        _ => "throw new global::System.NotSupportedException()",
    };

    /// <summary>An expression that reads <paramref name="value"/>, a Value; it throws ValueFormatException.</summary>
    public static string Read(TypeModel type, string value) => type.Shape switch
    {
        Shape.String => $"{value}.AsString()",
        Shape.Int => $"{value}.AsInt()",
        Shape.Int32 => $"{Wire}.Int32({value})",
        Shape.Float => $"{value}.AsFloat()",
        Shape.Bool => $"{value}.AsBool()",
        Shape.Date => $"{value}.AsDate()",
        Shape.Dynamic or Shape.Result => value,
        Shape.Ref => $"{type.CSharp}.Read({value})",
        Shape.Enum or Shape.Wire => $"{type.Codec}.Read({value})",
        Shape.Row => $"({type.CSharp}){type.CSharp}.Info.ReadConstructor({value})",
        Shape.Set => $"{Wire}.ReadSet({value}, {Reader(type[0])})",
        Shape.Map => $"{Wire}.ReadMap({value}, {KeyRead(type[0])}, {Reader(type[1])})",
        Shape.Nullable => $"{Wire}.{(type[0].IsValueType ? "ReadValueOption" : "ReadOption")}({value}, {Reader(type[0])})",
        Shape.Tuple => $"{Wire}.ReadTuple({value}, {type.Arguments.Count}, static __t => ({string.Join(", ", type.Arguments.Select((a, i) => Read(a, $"__t[{i}]")))}))",
        _ => "throw new global::System.NotSupportedException()",
    };

    public static string Writer(TypeModel type) => $"static (__w, __x) => {Write(type, "__w", "__x")}";

    public static string Reader(TypeModel type) => $"static __v => {Read(type, "__v")}";

    private static string Tuple(TypeModel type, string writer, string value)
    {
        string items = string.Join(" ", type.Arguments.Select((a, i) => $"{Write(a, "__w", $"__x.Item{i + 1}")};"));
        return $"{Wire}.WriteTuple({writer}, {type.Arguments.Count}, {value}, static (__w, __x) => {{ {items} }})";
    }

    private static string KeyText(TypeModel type) => type.Shape switch
    {
        Shape.String => "static __k => __k",
        Shape.Int or Shape.Int32 => "static __k => __k.ToString(global::System.Globalization.CultureInfo.InvariantCulture)",
        Shape.Enum => $"static __k => {type.Codec}.Text(__k)",
        _ => "static __k => __k.ToString()",
    };

    private static string KeyRead(TypeModel type) => type.Shape switch
    {
        Shape.String => "static __k => __k",
        Shape.Enum => $"static __k => {type.Codec}.Parse(__k)",
        Shape.Ref => $"static __k => new {type.CSharp}(__k)",
        _ => $"static __k => {Read(type, "new global::Toolstack.Idl.Value.Text(__k)")}",
    };
}
