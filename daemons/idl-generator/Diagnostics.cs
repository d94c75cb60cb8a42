using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace Toolstack.Idl.Generator;

/// <summary>What the generator refuses, numbered. Numbers are not reused.</summary>
internal static class Diagnostics
{
    public static readonly DiagnosticDescriptor UnsupportedType = Error("XAPI1001", "Type has no wire form",
        "'{0}' has no wire form: use string, long, int, double, bool, DateTimeOffset, Value, Ref<T>, ImmutableArray<T>, ImmutableSortedDictionary<K, V>, a tuple or a WireType");

    public static readonly DiagnosticDescriptor RowShape = Error("XAPI1002", "Row is not a sealed partial record",
        "'{0}' carries XenClass, so it must be a top-level sealed partial record that derives from XenObject");

    public static readonly DiagnosticDescriptor EnumWithoutCodec = Error("XAPI1003", "Enum has no codec",
        "enum '{0}' is used on a wire, so it must carry WireType");

    public static readonly DiagnosticDescriptor MessageShape = Error("XAPI1004", "Message has the wrong shape",
        "'{0}' must carry Message, take a Call as its first parameter and return Task or Task<T>");

    public static readonly DiagnosticDescriptor UnknownArgument = Error("XAPI1005", "Policy names a missing parameter",
        "'{0}' names the parameter '{1}', which the message does not have");

    public static readonly DiagnosticDescriptor NotARow = Error("XAPI1006", "MessagesOf names no row",
        "'{0}' does not carry XenClass");

    public static readonly DiagnosticDescriptor QueueError = Error("XAPI1007", "Queue interface has no error type",
        "'{0}' must name in Error an exception with a constructor parameter and a property of one WireVariant type");

    public static readonly DiagnosticDescriptor QueueMethodShape = Error("XAPI1008", "Queue method has the wrong shape",
        "'{0}' must return Task or Task<T> and take a CancellationToken as its last parameter");

    public static readonly DiagnosticDescriptor VariantShape = Error("XAPI1009", "Variant has the wrong shape",
        "'{0}' must be an abstract record whose cases are nested sealed records deriving from it, each with a primary constructor");

    public static readonly DiagnosticDescriptor MissingInverse = Error("XAPI1010", "Inverse field does not exist",
        "'{0}' names the inverse '{1}', but the class is declared without that field");

    public static readonly DiagnosticDescriptor WireTypeShape = Error("XAPI1011", "WireType has the wrong shape",
        "'{0}' carries WireType, so it must be a non-generic, non-abstract record or an enum");

    private static DiagnosticDescriptor Error(string id, string title, string message) =>
        new(id, title, message, "Toolstack.Idl", DiagnosticSeverity.Error, isEnabledByDefault: true);
}

/// <summary>A diagnostic kept by value until it is reported.</summary>
internal sealed record Problem(DiagnosticDescriptor Descriptor, string File, TextSpan Span, LinePositionSpan Lines, EquatableArray<string> Arguments)
{
    public static Problem At(DiagnosticDescriptor descriptor, ISymbol symbol, params string[] arguments)
    {
        Location? location = symbol.Locations.FirstOrDefault(l => l.IsInSource);
        FileLinePositionSpan lines = location?.GetLineSpan() ?? default;
        return new Problem(descriptor, location?.SourceTree?.FilePath ?? "", location?.SourceSpan ?? default, lines.Span, arguments.ToImmutableArray());
    }

    public Diagnostic ToDiagnostic() =>
        Diagnostic.Create(Descriptor, File.Length == 0 ? Location.None : Location.Create(File, Span, Lines), Arguments.Items.ToArray<object>());
}
