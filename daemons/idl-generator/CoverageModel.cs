using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Toolstack.Idl.Generator;

/// <summary>The messages that a class implements: those of a contract's base class that it overrides,
/// and the constructor and destructor where it makes rows, by their full names on the wire.</summary>
internal sealed record CoverageModel(EquatableArray<string> Messages)
{
    /// <summary>A class with a base list, which may be an implementation.</summary>
    public static bool IsCandidate(SyntaxNode node) => node is ClassDeclarationSyntax { BaseList: not null };

    public static CoverageModel? From(GeneratorSyntaxContext context, CancellationToken cancellation)
    {
        if (context.SemanticModel.GetDeclaredSymbol(context.Node, cancellation) is not INamedTypeSymbol { TypeKind: TypeKind.Class } type)
        {
            return null;
        }

        ImmutableArray<string> messages = [.. Overridden(type), .. Constructed(type)];
        return messages.IsEmpty ? null : new CoverageModel(messages);
    }

    private static IEnumerable<string> Overridden(INamedTypeSymbol type)
    {
        if (type.BaseType?.Interfaces.FirstOrDefault(i => i.Has("MessagesOfAttribute")) is not { } contract)
        {
            return [];
        }

        string name = ClassName(contract.Attribute("MessagesOfAttribute")!.ConstructorArguments[0].Value as ITypeSymbol);
        return type.GetMembers().OfType<IMethodSymbol>().Where(m => m.IsOverride).SelectMany(m => contract.GetMembers(m.Name)).Select(m => name + "." + m.WireName());
    }

    /// <summary>The implicit constructor and destructor of the class whose rows the type makes.</summary>
    private static IEnumerable<string> Constructed(INamedTypeSymbol type) =>
        type.AllInterfaces.Where(i => i is { Name: "IRowConstructor", TypeArguments.Length: 1 })
            .SelectMany(i => new[] { ClassName(i.TypeArguments[0]) + ".create", ClassName(i.TypeArguments[0]) + ".destroy" });

    private static string ClassName(ITypeSymbol? row) => row?.Attribute("XenClassAttribute")?.ConstructorArguments[0].Value as string ?? "";

    /// <summary>The table of an assembly that implements messages.</summary>
    public static string Emit(ImmutableArray<CoverageModel> models)
    {
        CodeWriter code = CodeWriter.File("Toolstack.Idl.Generated");
        code.Line("/// <summary>The declared messages that a class of this assembly implements, by full name, sorted.</summary>");
        code.Open("internal static class ImplementedMessages");
        code.Line("public static string[] Names { get; } =");
        code.Line("[");
        foreach (string name in models.SelectMany(m => m.Messages).Distinct().OrderBy(n => n, StringComparer.Ordinal))
        {
            code.Line($"    {CodeWriter.Quote(name)},");
        }

        code.Line("];");
        code.Close();
        return code.ToString();
    }
}
