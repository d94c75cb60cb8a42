using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Toolstack.Idl.Generator;

/// <summary>A field of a row.</summary>
internal sealed record FieldModel(
    string Name, string Column, string Text, TypeModel Type, string Qualifier, bool Persistent, bool Internal, bool HasDefault, bool HasEffect,
    string Reader, string Writer, EquatableArray<string> AlsoWriters, EquatableArray<string> GuardedKeys, string? Inverse, string? Peer, bool Removed, Problem Missing)
{
    /// <summary><c>class.field</c> of the other end, of whichever kind of relation.</summary>
    public string? OtherEnd => Inverse ?? Peer;
}

/// <summary>A class declared by XenClass on its row.</summary>
internal sealed record RowModel(
    string Space, string TypeName, string ClassName, bool InDatabase, bool ExposesAll, bool Constructor, string ConstructorRole, bool Persistent, bool Events, string Reader, bool Removed,
    EquatableArray<FieldModel> Fields, EquatableArray<Problem> Problems)
{
    public static RowModel From(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        INamedTypeSymbol type = (INamedTypeSymbol)context.TargetSymbol;
        AttributeData attribute = context.Attributes[0];
        List<Problem> problems = [];
        bool partial = context.TargetNode is RecordDeclarationSyntax record && record.Modifiers.Any(m => m.Text == "partial");
        if (!type.IsRecord || !type.IsSealed || !partial || type.ContainingType is not null || type.BaseType?.IsIdl("XenObject") != true)
        {
            problems.Add(Problem.At(Diagnostics.RowShape, type, type.Name));
        }

        ImmutableArray<FieldModel> fields =
        [
            .. type.GetMembers().OfType<IPropertySymbol>().Where(p => p.Has("FieldAttribute")).Select(p => Field(type, p, problems)),
        ];
        return new RowModel(
            type.Space(), type.Name, (string)attribute.ConstructorArguments[0].Value!,
            attribute.Named("InDatabase", true), attribute.Named("ExposesAll", true), attribute.Named("Constructor", false),
            EnumMember("Role", attribute.Named("ConstructorRole", 6)), attribute.Named("Persistent", true), attribute.Named("Events", true),
            EnumMember("Role", attribute.Named("Reader", 0)), attribute.Named("Removed", false),
            fields, problems.ToImmutableArray());
    }

    private static FieldModel Field(INamedTypeSymbol row, IPropertySymbol property, List<Problem> problems)
    {
        AttributeData attribute = property.Attribute("FieldAttribute")!;
        TypeModel type = TypeModel.Of(property.Type, property, problems);
        string? inverse = attribute.Named<string?>("Inverse", null);
        string? peer = attribute.Named<string?>("Peer", null);
        return new FieldModel(
            property.Name, attribute.Named("Column", property.Name), property.TypeText() ?? type.Text, type,
            EnumMember("Qualifier", (int)attribute.ConstructorArguments[0].Value!), attribute.Named("Persistent", true), attribute.Named("Internal", false),
            attribute.Named("HasDefault", false), attribute.Named("HasEffect", false), EnumMember("Role", attribute.Named("Reader", 0)),
            EnumMember("Role", attribute.Named("Writer", 5)), attribute.NamedList("AlsoWriters").Select(r => EnumMember("Role", (int)r)).ToImmutableArray(),
            attribute.NamedList("GuardedKeys").Select(k => (string)k).ToImmutableArray(), inverse, peer, attribute.Named("Removed", false),
            Problem.At(Diagnostics.MissingInverse, property, row.Name + "." + property.Name, inverse ?? peer ?? ""));
    }

    /// <summary>The C# for a member of one of the vocabulary's enums given by its number.</summary>
    public static string EnumMember(string name, int value) => $"(global::Toolstack.Idl.{name}){value}";
}
