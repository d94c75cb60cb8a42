using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace Toolstack.Idl.Generator;

/// <summary>How a record's member is given: by its constructor's parameter or by its property.</summary>
internal enum MemberKind { Positional, Property }

/// <summary>
/// A member of a wire record. <see cref="Optional"/>: nullable, left out when null. <see cref="Default"/>: the C# that stands for it when it is missing
/// (null: it must be there).
/// </summary>
internal sealed record MemberModel(string Name, string WireName, TypeModel Type, MemberKind Kind, bool Optional, bool IsRequired, string? Default);

/// <summary><see cref="Unknown"/>: the case that stands for what is not known.</summary>
internal sealed record CaseModel(string CSharp, string Tag, EquatableArray<MemberModel> Members, bool Unknown = false);

/// <summary>A WireType record, a WireType enum or a WireVariant: exactly one of the three lists counts.</summary>
internal sealed record WireModel(
    string Space, string CSharp, string Name, string CodecName, string Access, WireKind Kind, EquatableArray<MemberModel> Members, EquatableArray<CaseModel> Cases,
    EquatableArray<Problem> Problems)
{
    public static WireModel Record(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        INamedTypeSymbol type = (INamedTypeSymbol)context.TargetSymbol;
        List<Problem> problems = [];
        if (type.TypeKind == TypeKind.Enum)
        {
            ImmutableArray<CaseModel> values =
            [
                .. type.GetMembers().OfType<IFieldSymbol>().Where(f => f.HasConstantValue).Select(f => new CaseModel($"{type.FullName()}.@{f.Name}", f.WireName(), default)),
            ];
            return Make(type, WireKind.Enum, default, values, problems);
        }

        if (!type.IsRecord || type.IsAbstract || type.IsGenericType)
        {
            problems.Add(Problem.At(Diagnostics.WireTypeShape, type, type.Name));
        }

        return Make(type, WireKind.Record, RecordMembers(type, problems), default, problems);
    }

    public static WireModel Variant(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        INamedTypeSymbol type = (INamedTypeSymbol)context.TargetSymbol;
        List<Problem> problems = [];
        ImmutableArray<CaseModel>.Builder cases = ImmutableArray.CreateBuilder<CaseModel>();
        foreach (INamedTypeSymbol nested in type.GetTypeMembers().Where(t => SymbolEqualityComparer.Default.Equals(t.BaseType, type)))
        {
            if (!nested.IsRecord || !nested.IsSealed)
            {
                problems.Add(Problem.At(Diagnostics.VariantShape, nested, type.Name));
            }

            ImmutableArray<MemberModel> members = [.. (PrimaryConstructor(nested)?.Parameters ?? []).Select(p => Positional(p, problems))];
            cases.Add(new CaseModel(nested.FullName(), nested.WireName(), members, nested.Has("WireUnknownAttribute")));
        }

        if (!type.IsAbstract || !type.IsRecord || cases.Count == 0)
        {
            problems.Add(Problem.At(Diagnostics.VariantShape, type, type.Name));
        }

        return Make(type, WireKind.Variant, default, cases.ToImmutable(), problems);
    }

    private static WireModel Make(INamedTypeSymbol type, WireKind kind, EquatableArray<MemberModel> members, EquatableArray<CaseModel> cases, List<Problem> problems) =>
        new(type.Space(), type.FullName(), type.Name, TypeModel.CodecName(type), type.DeclaredAccessibility == Accessibility.Public ? "public" : "internal",
            kind, members, cases, problems.ToImmutableArray());

    private static ImmutableArray<MemberModel> RecordMembers(INamedTypeSymbol type, List<Problem> problems)
    {
        ImmutableArray<IParameterSymbol> positional = PrimaryConstructor(type)?.Parameters ?? [];
        HashSet<string> taken = [.. positional.Select(p => p.Name)];
        IEnumerable<IPropertySymbol> properties = type.GetMembers().OfType<IPropertySymbol>().Where(p =>
            !p.IsStatic && !p.IsIndexer && p.DeclaredAccessibility == Accessibility.Public && p.SetMethod is not null && !taken.Contains(p.Name));
        return [.. positional.Select(p => Positional(p, problems)), .. properties.Select(p => Property(p, problems))];
    }

    /// <summary>The constructor with parameters, the copy constructor excepted.</summary>
    private static IMethodSymbol? PrimaryConstructor(INamedTypeSymbol type) => type.InstanceConstructors
        .Where(c => c.Parameters.Length > 0 && !(c.Parameters.Length == 1 && SymbolEqualityComparer.Default.Equals(c.Parameters[0].Type, type)))
        .OrderByDescending(c => c.Parameters.Length)
        .FirstOrDefault();

    private static MemberModel Positional(IParameterSymbol parameter, List<Problem> problems)
    {
        TypeModel type = TypeModel.Of(parameter.Type, parameter, problems);
        string? otherwise = !parameter.HasExplicitDefaultValue ? null : type.Shape is Shape.Set ? "[]" : Defaults.AsCode(parameter);
        string wireName = parameter.Attribute("WireNameAttribute") is null && parameter.ContainingType.GetMembers(parameter.Name).FirstOrDefault() is { } property
            ? property.WireName()
            : parameter.WireName();
        return new MemberModel(parameter.Name, wireName, type, MemberKind.Positional, type.Shape == Shape.Nullable, false, otherwise);
    }

    private static MemberModel Property(IPropertySymbol property, List<Problem> problems)
    {
        TypeModel type = TypeModel.Of(property.Type, property, problems);
        bool initialised = property.DeclaringSyntaxReferences.Any(r => r.GetSyntax() is PropertyDeclarationSyntax { Initializer: not null });
        return new MemberModel(
            property.Name, property.WireName(), type, MemberKind.Property, type.Shape == Shape.Nullable, property.IsRequired,
            initialised ? $"Defaults.@{property.Name}" : null);
    }
}

internal enum WireKind { Record, Enum, Variant }
