using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Toolstack.Idl.Generator;

internal sealed record QueueMethodModel(string Name, string WireName, EquatableArray<MemberModel> Parameters, EquatableArray<string> Declared, TypeModel? Result, bool RetrySafe);

/// <summary>A queue interface, declared by QueueInterface.</summary>
internal sealed record QueueModel(
    string Space, string Interface, string Error, string ErrorProperty, string ErrorCodec, EquatableArray<QueueMethodModel> Methods, EquatableArray<Problem> Problems)
{
    public string Stem => Interface.StartsWith("I", StringComparison.Ordinal) ? Interface.Substring(1) : Interface;

    public static QueueModel From(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        INamedTypeSymbol type = (INamedTypeSymbol)context.TargetSymbol;
        List<Problem> problems = [];
        INamedTypeSymbol? error = context.Attributes[0].Named<INamedTypeSymbol?>("Error", null);
        IPropertySymbol? kind = error?.GetMembers().OfType<IPropertySymbol>().FirstOrDefault(p => p.Type.Has("WireVariantAttribute"));
        bool constructible = kind is not null && error!.InstanceConstructors.Any(c =>
            c.Parameters.Length > 0 && SymbolEqualityComparer.Default.Equals(c.Parameters[0].Type, kind.Type) && c.Parameters.Skip(1).All(p => p.HasExplicitDefaultValue));
        if (!constructible)
        {
            problems.Add(Problem.At(Diagnostics.QueueError, type, type.Name));
        }

        ImmutableArray<QueueMethodModel>.Builder methods = ImmutableArray.CreateBuilder<QueueMethodModel>();
        foreach (IMethodSymbol method in type.GetMembers().OfType<IMethodSymbol>())
        {
            bool task = method.ReturnType.TaskResult(out ITypeSymbol? result);
            if (!task || method.Parameters.LastOrDefault()?.Type.Name != "CancellationToken")
            {
                problems.Add(Problem.At(Diagnostics.QueueMethodShape, method, method.Name));
                continue;
            }

            methods.Add(Method(method, result, problems));
        }

        return new QueueModel(
            type.Space(), type.Name, error?.FullName() ?? "global::System.Exception", kind?.Name ?? "Kind",
            kind is null ? "" : TypeModel.Of(kind.Type, kind, problems).Codec, methods.ToImmutable(), problems.ToImmutableArray());
    }

    private static QueueMethodModel Method(IMethodSymbol method, ITypeSymbol? result, List<Problem> problems)
    {
        ImmutableArray<IParameterSymbol> parameters = [.. method.Parameters.Take(method.Parameters.Length - 1)];
        ImmutableArray<MemberModel> members =
        [
            .. parameters.Select(p =>
            {
                TypeModel type = TypeModel.Of(p.Type, p, problems);
                string? otherwise = !p.HasExplicitDefaultValue ? null : type.Shape == Shape.Set ? "[]" : Defaults.AsCode(p);
                return new MemberModel(p.Name, p.WireName(), type, MemberKind.Positional, type.Shape == Shape.Nullable, false, otherwise);
            }),
        ];
        return new QueueMethodModel(
            method.Name, method.WireName(), members, parameters.Select(p => TypeModel.Of(p.Type, p, problems).CSharp).ToImmutableArray(),
            result is null ? null : TypeModel.Of(result, method, problems), method.Has("RetrySafeAttribute"));
    }
}
