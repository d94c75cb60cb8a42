using Microsoft.CodeAnalysis;

namespace Toolstack.Idl.Generator;

/// <summary>Reading the vocabulary's attributes off symbols.</summary>
internal static class Symbols
{
    public static AttributeData? Attribute(this ISymbol symbol, string name)
    {
        foreach (AttributeData attribute in symbol.GetAttributes())
        {
            if (attribute.AttributeClass?.Name == name && attribute.AttributeClass.ContainingNamespace.ToDisplayString() == "Toolstack.Idl")
            {
                return attribute;
            }
        }

        return null;
    }

    public static IEnumerable<AttributeData> Attributes(this ISymbol symbol, string name) =>
        symbol.GetAttributes().Where(a => a.AttributeClass?.Name == name && a.AttributeClass.ContainingNamespace.ToDisplayString() == "Toolstack.Idl");

    public static bool Has(this ISymbol symbol, string name) => symbol.Attribute(name) is not null;

    public static bool IsIdl(this ITypeSymbol type, string name) => type.Name == name && type.ContainingNamespace?.ToDisplayString() == "Toolstack.Idl";

    public static T Named<T>(this AttributeData attribute, string name, T otherwise)
    {
        foreach (KeyValuePair<string, TypedConstant> argument in attribute.NamedArguments)
        {
            if (argument.Key == name && argument.Value.Kind != TypedConstantKind.Array && argument.Value.Value is T value)
            {
                return value;
            }
        }

        return otherwise;
    }

    public static IEnumerable<object> NamedList(this AttributeData attribute, string name)
    {
        foreach (KeyValuePair<string, TypedConstant> argument in attribute.NamedArguments)
        {
            if (argument.Key == name && argument.Value.Kind == TypedConstantKind.Array)
            {
                return argument.Value.Values.Select(v => v.Value!);
            }
        }

        return [];
    }

    /// <summary>The wire's name: of WireName, or the symbol's own.</summary>
    public static string WireName(this ISymbol symbol) => symbol.Attribute("WireNameAttribute")?.ConstructorArguments[0].Value as string ?? symbol.Name;

    public static string? TypeText(this ISymbol symbol) => symbol.Attribute("TypeTextAttribute")?.ConstructorArguments[0].Value as string;

    public static string Space(this INamedTypeSymbol type) => type.ContainingNamespace.IsGlobalNamespace ? "" : type.ContainingNamespace.ToDisplayString();

    public static string FullName(this ITypeSymbol type) => type.ToDisplayString(SymbolDisplayFormat.FullyQualifiedFormat);

    /// <summary>T of Task&lt;T&gt;; null for Task; false when the type is neither.</summary>
    public static bool TaskResult(this ITypeSymbol type, out ITypeSymbol? result)
    {
        result = type is INamedTypeSymbol { IsGenericType: true } generic ? generic.TypeArguments[0] : null;
        return type.Name == "Task" && type.ContainingNamespace?.ToDisplayString() == "System.Threading.Tasks";
    }
}
