using System.Collections.Immutable;
using Microsoft.CodeAnalysis;

namespace Toolstack.Idl.Generator;

/// <summary>A parameter: its C# name and declared type, its wire's name, and the C# of the Value that stands for it when it is missing.</summary>
internal sealed record ParameterModel(string Name, string WireName, string Text, TypeModel Type, string Declared, string? Default);

/// <summary>An explicit message.</summary>
internal sealed record MessageModel(
    string Name, string WireName, EquatableArray<ParameterModel> Parameters, TypeModel? Result, string ResultText, string Role, EquatableArray<string> Also,
    bool Async, bool Session, bool PoolInternal, bool Secret, bool Removed, EquatableArray<string> Errors, string Policy);

/// <summary>The explicit messages of a class, declared by MessagesOf on an interface.</summary>
internal sealed record MessagesModel(
    string Space, string Interface, string RowType, string ClassName, string CallType, EquatableArray<MessageModel> Messages, EquatableArray<Problem> Problems)
{
    public string Stem => Interface.StartsWith("I", StringComparison.Ordinal) ? Interface.Substring(1) : Interface;

    public string TableName => $"global::{(Space.Length == 0 ? "" : Space + ".")}{Stem}Table";

    public IEnumerable<string> EnumCodecs => Messages
        .SelectMany(m => m.Parameters.SelectMany(p => p.Type.EnumCodecs).Concat(m.Result?.EnumCodecs ?? []));

    public static MessagesModel From(GeneratorAttributeSyntaxContext context, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        INamedTypeSymbol type = (INamedTypeSymbol)context.TargetSymbol;
        List<Problem> problems = [];
        INamedTypeSymbol? row = context.Attributes[0].ConstructorArguments[0].Value as INamedTypeSymbol;
        string? className = row?.Attribute("XenClassAttribute")?.ConstructorArguments[0].Value as string;
        if (className is null)
        {
            problems.Add(Problem.At(Diagnostics.NotARow, type, row?.Name ?? "?"));
        }

        ImmutableArray<MessageModel>.Builder messages = ImmutableArray.CreateBuilder<MessageModel>();
        foreach (IMethodSymbol method in type.GetMembers().OfType<IMethodSymbol>())
        {
            AttributeData? attribute = method.Attribute("MessageAttribute");
            bool task = method.ReturnType.TaskResult(out ITypeSymbol? result);
            if (attribute is null || !task || method.Parameters.Length == 0 || !method.Parameters[0].Type.IsIdl("Call"))
            {
                problems.Add(Problem.At(Diagnostics.MessageShape, method, method.Name));
                continue;
            }

            messages.Add(Message(method, attribute, result, problems));
        }

        return new MessagesModel(
            type.Space(), type.Name, row?.FullName() ?? "object", className ?? "", "global::Toolstack.Idl.Call", messages.ToImmutable(), problems.ToImmutableArray());
    }

    private static MessageModel Message(IMethodSymbol method, AttributeData attribute, ITypeSymbol? result, List<Problem> problems)
    {
        ImmutableArray<ParameterModel> parameters =
        [
            .. method.Parameters.Skip(1).Select(p =>
            {
                TypeModel type = TypeModel.Of(p.Type, p, problems);
                TypeModel bare = type.Shape == Shape.Nullable && p.HasExplicitDefaultValue ? type[0] : type;
                return new ParameterModel(p.Name, p.WireName(), p.TypeText() ?? bare.Text, bare, type.CSharp, p.HasExplicitDefaultValue ? Defaults.AsValue(p, bare) : null);
            }),
        ];
        TypeModel? resultType = result is null ? null : TypeModel.Of(result, method, problems);
        return new MessageModel(
            method.Name, method.WireName(), parameters, resultType, method.TypeText() ?? resultType?.Text ?? "void",
            RowModel.EnumMember("Role", (int)attribute.ConstructorArguments[0].Value!),
            attribute.NamedList("Also").Select(r => RowModel.EnumMember("Role", (int)r)).ToImmutableArray(),
            attribute.Named("Async", false), attribute.Named("Session", true), attribute.Named("PoolInternal", false), attribute.Named("Secret", false),
            attribute.Named("Removed", false),
            Codes(method), PolicyReader.Read(method, problems));
    }

    private static ImmutableArray<string> Codes(IMethodSymbol method) =>
        method.Attribute("RaisesAttribute")?.ConstructorArguments[0].Values.Select(v => (string)v.Value!).ToImmutableArray() ?? [];
}
