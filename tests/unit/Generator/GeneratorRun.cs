using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Toolstack.Idl;
using Toolstack.Idl.Generator;

namespace Toolstack.Tests.Generator;

/// <summary>The generator run over a source text, with what the compiler says of source and output together.</summary>
internal sealed class GeneratorRun
{
    private static readonly ImmutableArray<MetadataReference> References =
    [
        .. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
            .Where(p => Path.GetFileName(p).StartsWith("System.", StringComparison.Ordinal) || Path.GetFileName(p) is "netstandard.dll" or "mscorlib.dll")
            .Append(typeof(XenClass).Assembly.Location)
            .Select(p => MetadataReference.CreateFromFile(p)),
    ];

    public GeneratorRun(string source)
    {
        CSharpParseOptions options = new(LanguageVersion.Preview);
        CSharpCompilation input = CSharpCompilation.Create(
            "Sample", [CSharpSyntaxTree.ParseText(source, options)], References,
            new CSharpCompilationOptions(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable));
        GeneratorDriver driver = CSharpGeneratorDriver.Create([new IdlGenerator().AsSourceGenerator()], parseOptions: options)
            .RunGeneratorsAndUpdateCompilation(input, out Compilation output, out ImmutableArray<Diagnostic> problems);
        Problems = problems;
        Errors = [.. output.GetDiagnostics().Where(d => d.Severity == DiagnosticSeverity.Error)];
        Files = [.. driver.GetRunResult().Results[0].GeneratedSources.Select(s => (s.HintName, s.SourceText.ToString())).OrderBy(s => s.HintName, StringComparer.Ordinal)];
    }

    /// <summary>What the generator itself reported.</summary>
    public ImmutableArray<Diagnostic> Problems { get; }

    /// <summary>Errors of the compiler, the generated code included.</summary>
    public ImmutableArray<Diagnostic> Errors { get; }

    public ImmutableArray<(string Name, string Text)> Files { get; }
}
