using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Toolstack.Idl.Generator;

internal enum Shape { Unknown, Void, Result, String, Int, Int32, Float, Bool, Date, Dynamic, Enum, Ref, Set, Map, Nullable, Tuple, Wire, Row }

/// <summary>A type of the contract: how C# spells it, how the description spells it, and what its codec is made of.</summary>
internal sealed record TypeModel(Shape Shape, string CSharp, string Text, string Codec, bool IsValueType, EquatableArray<TypeModel> Arguments)
{
    private const string Idl = "Toolstack.Idl";

    private static readonly SymbolDisplayFormat Full = SymbolDisplayFormat.FullyQualifiedFormat.AddMiscellaneousOptions(
        SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier);

    public TypeModel this[int index] => Arguments[index];

    /// <summary>The enums that occur in it, by codec.</summary>
    public IEnumerable<string> EnumCodecs => Shape == Shape.Enum ? [Codec] : Arguments.SelectMany(a => a.EnumCodecs);

    public static TypeModel Of(ITypeSymbol type, ISymbol owner, List<Problem> problems)
    {
        string full = type.ToDisplayString(Full);
        TypeModel Make(Shape shape, string text, string codec = "", params TypeModel[] arguments) =>
            new(shape, full, text, codec, type.IsValueType, arguments.ToImmutableArray());

        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable)
        {
            TypeModel item = Of(nullable.TypeArguments[0], owner, problems);
            return Make(Shape.Nullable, item.Text + " option", "", item);
        }

        if (type.IsReferenceType && type.NullableAnnotation == NullableAnnotation.Annotated)
        {
            TypeModel item = Of(type.WithNullableAnnotation(NullableAnnotation.NotAnnotated), owner, problems);
            return Make(Shape.Nullable, item.Text + " option", "", item);
        }

        switch (type.SpecialType)
        {
            case SpecialType.System_String: return Make(Shape.String, "string");
            case SpecialType.System_Int64: return Make(Shape.Int, "int");
            case SpecialType.System_Int32: return Make(Shape.Int32, "int");
            case SpecialType.System_Double: return Make(Shape.Float, "float");
            case SpecialType.System_Boolean: return Make(Shape.Bool, "bool");
        }

        if (type is INamedTypeSymbol named)
        {
            if (named.IsTupleType)
            {
                return Make(Shape.Tuple, "tuple", "", [.. named.TupleElements.Select(e => Of(e.Type, owner, problems))]);
            }

            if (OfNamed(named, owner, problems, Make) is { } model)
            {
                return model;
            }
        }

        problems.Add(Problem.At(Diagnostics.UnsupportedType, owner, type.ToDisplayString()));
        return Make(Shape.Unknown, "");
    }

    private delegate TypeModel Maker(Shape shape, string text, string codec = "", params TypeModel[] arguments);

    private static TypeModel? OfNamed(INamedTypeSymbol type, ISymbol owner, List<Problem> problems, Maker make)
    {
        TypeModel Argument(int index) => Of(type.TypeArguments[index], owner, problems);
        switch (type.ContainingNamespace?.ToDisplayString() + "." + type.MetadataName)
        {
            case "System.DateTimeOffset": return make(Shape.Date, "datetime");
            case Idl + ".Value": return make(Shape.Dynamic, "any");
            case Idl + ".MessageResult": return make(Shape.Result, "any");
            case Idl + ".Ref`1": return make(Shape.Ref, WireClassName(type.TypeArguments[0]) + " ref");
            case "System.Collections.Immutable.ImmutableArray`1":
                TypeModel item = Argument(0);
                return make(Shape.Set, item.Text + " set", "", item);
            case "System.Collections.Immutable.ImmutableSortedDictionary`2":
                TypeModel key = Argument(0);
                TypeModel value = Argument(1);
                return make(Shape.Map, $"({key.Text} -> {value.Text}) map", "", key, value);
        }

        if (type.TypeKind == TypeKind.Enum)
        {
            if (!type.Has("WireTypeAttribute"))
            {
                problems.Add(Problem.At(Diagnostics.EnumWithoutCodec, owner, type.ToDisplayString()));
            }

            return make(Shape.Enum, "enum " + type.Name, CodecOf(type));
        }

        if (type.Attribute("XenClassAttribute") is { } row)
        {
            return make(Shape.Row, row.ConstructorArguments[0].Value + " record");
        }

        return type.Has("WireTypeAttribute") || type.Has("WireVariantAttribute") ? make(Shape.Wire, type.Name, CodecOf(type)) : null;
    }

    /// <summary>The codec's name: the type's, after those of the types it is nested in.</summary>
    public static string CodecName(INamedTypeSymbol type) => CodecNameStem(type) + "Codec";

    private static string CodecNameStem(INamedTypeSymbol type) => type.ContainingType is { } outer ? CodecNameStem(outer) + type.Name : type.Name;

    private static string CodecOf(INamedTypeSymbol type) =>
        "global::" + (type.ContainingNamespace.IsGlobalNamespace ? "" : type.ContainingNamespace.ToDisplayString() + ".") + CodecName(type);

    private static string WireClassName(ITypeSymbol type) => type.Attribute("XenClassAttribute")?.ConstructorArguments[0].Value as string ?? type.Name;
}
