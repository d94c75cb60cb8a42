using System.Collections.Immutable;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Microsoft.CodeAnalysis.Text;

namespace Toolstack.Idl.Generator;

/// <summary>
/// Turns the declarations of the two contracts into code: classes as data, dispatch, clients and servers, codecs.
/// What is emitted uses no reflection, so that it compiles ahead of time.
/// </summary>
[Generator(LanguageNames.CSharp)]
public sealed class IdlGenerator : IIncrementalGenerator
{
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        SyntaxValueProvider syntax = context.SyntaxProvider;
        IncrementalValuesProvider<RowModel> rows = syntax.ForAttributeWithMetadataName(
            "Toolstack.Idl.XenClassAttribute", static (node, _) => node is TypeDeclarationSyntax, RowModel.From);
        IncrementalValuesProvider<MessagesModel> messages = syntax.ForAttributeWithMetadataName(
            "Toolstack.Idl.MessagesOfAttribute", static (node, _) => node is InterfaceDeclarationSyntax, MessagesModel.From);
        IncrementalValuesProvider<WireModel> wires = syntax.ForAttributeWithMetadataName(
            "Toolstack.Idl.WireTypeAttribute", static (node, _) => node is BaseTypeDeclarationSyntax, WireModel.Record);
        IncrementalValuesProvider<WireModel> variants = syntax.ForAttributeWithMetadataName(
            "Toolstack.Idl.WireVariantAttribute", static (node, _) => node is RecordDeclarationSyntax, WireModel.Variant);
        IncrementalValuesProvider<QueueModel> queues = syntax.ForAttributeWithMetadataName(
            "Toolstack.Idl.QueueInterfaceAttribute", static (node, _) => node is InterfaceDeclarationSyntax, QueueModel.From);

        IncrementalValuesProvider<CoverageModel> coverage = syntax
            .CreateSyntaxProvider(static (node, _) => CoverageModel.IsCandidate(node), CoverageModel.From).Where(static m => m is not null)!;

        IncrementalValueProvider<ImmutableArray<RowModel>> allRows = rows.Collect();
        context.RegisterSourceOutput(rows.Combine(messages.Collect()).Combine(allRows), static (output, input) => Row(output, input.Left.Left, input.Left.Right, input.Right));
        context.RegisterSourceOutput(coverage.Collect(), static (output, models) => Coverage(output, models));
        context.RegisterSourceOutput(messages, static (output, model) => Add(output, model.Problems, model.Space, model.Stem, () => MessagesEmitter.Emit(model)));
        context.RegisterSourceOutput(wires, static (output, model) => Add(output, model.Problems, model.Space, model.CodecName, () => WireEmitter.Emit(model)));
        context.RegisterSourceOutput(variants, static (output, model) => Add(output, model.Problems, model.Space, model.CodecName, () => WireEmitter.Emit(model)));
        context.RegisterSourceOutput(queues, static (output, model) => Add(output, model.Problems, model.Space, model.Stem + "Queue", () => QueueEmitter.Emit(model)));
    }

    private static void Coverage(SourceProductionContext output, ImmutableArray<CoverageModel> models)
    {
        if (!models.IsEmpty)
        {
            output.AddSource("ImplementedMessages.g.cs", SourceText.From(CoverageModel.Emit(models), Encoding.UTF8));
        }
    }

    private static void Row(SourceProductionContext output, RowModel row, ImmutableArray<MessagesModel> messages, ImmutableArray<RowModel> rows)
    {
        ImmutableHashSet<string>.Builder inverses = ImmutableHashSet.CreateBuilder<string>();
        foreach (FieldModel field in rows.SelectMany(r => r.Fields).Where(f => f.Inverse is not null))
        {
            inverses.Add(field.Inverse!);
        }

        foreach (FieldModel field in row.Fields.Where(f => f.OtherEnd is not null))
        {
            string[] end = field.OtherEnd!.Split('.');
            RowModel? other = rows.FirstOrDefault(r => r.ClassName == end[0]);
            if (end.Length != 2 || (other is not null && !other.Fields.Any(f => f.Name == end[1])))
            {
                output.ReportDiagnostic(field.Missing.ToDiagnostic());
            }
        }

        MessagesModel? own = messages.FirstOrDefault(m => m.ClassName == row.ClassName);
        Add(output, row.Problems, row.Space, row.TypeName + ".Row", () => RowEmitter.Emit(row, own, inverses.ToImmutable()));
    }

    /// <summary>Reports the problems of a declaration, or adds what it gives when there is none.</summary>
    private static void Add(SourceProductionContext output, EquatableArray<Problem> problems, string space, string name, Func<string> emit)
    {
        foreach (Problem problem in problems)
        {
            output.ReportDiagnostic(problem.ToDiagnostic());
        }

        if (problems.Count == 0)
        {
            output.AddSource($"{(space.Length == 0 ? "" : space + ".")}{name}.g.cs", SourceText.From(emit(), Encoding.UTF8));
        }
    }
}
