using System.Globalization;
using Microsoft.CodeAnalysis;

namespace Toolstack.Idl.Generator;

/// <summary>Default values of parameters: as the Value that a missing argument stands for, and as C#.</summary>
internal static class Defaults
{
    private const string Value = "global::Toolstack.Idl.Value";

    public static string AsValue(IParameterSymbol parameter, TypeModel type)
    {
        object? value = parameter.ExplicitDefaultValue;
        return type.Shape switch
        {
            Shape.String => $"new {Value}.Text({CodeWriter.Quote(value as string ?? "")})",
            Shape.Int or Shape.Int32 => $"new {Value}.Int({Number(value)})",
            Shape.Float => $"new {Value}.Float({Float(value)})",
            Shape.Bool => $"new {Value}.Bool({CodeWriter.Bool(value is true)})",
            Shape.Date => $"new {Value}.Date(global::System.DateTimeOffset.UnixEpoch)",
            Shape.Ref => $"new {Value}.Text(\"OpaqueRef:NULL\")",
            Shape.Enum => $"new {Value}.Text({CodeWriter.Quote(EnumName(parameter.Type, value))})",
            Shape.Set => $"new {Value}.Array([])",
            Shape.Map => $"new {Value}.Struct([])",
            _ => $"{Value}.Nil.Instance",
        };
    }

    /// <summary>The C# of an explicit default value, for the same parameter declared again.</summary>
    public static string AsCode(IParameterSymbol parameter) => parameter.ExplicitDefaultValue switch
    {
        null => "default",
        string text => CodeWriter.Quote(text),
        bool truth => CodeWriter.Bool(truth),
        double number => Float(number),
        object number when parameter.Type.TypeKind == TypeKind.Enum => $"({parameter.Type.FullName()})({Number(number)})",
        object number => Number(number),
    };

    private static string Number(object? value) => ((IConvertible)(value ?? 0)).ToString(CultureInfo.InvariantCulture);

    private static string Float(object? value) => ((double)(value ?? 0.0)).ToString("R", CultureInfo.InvariantCulture) + "d";

    private static string EnumName(ITypeSymbol type, object? value)
    {
        if (type is INamedTypeSymbol { OriginalDefinition.SpecialType: SpecialType.System_Nullable_T } nullable)
        {
            type = nullable.TypeArguments[0];
        }

        IFieldSymbol? member = type.GetMembers().OfType<IFieldSymbol>().FirstOrDefault(f => f.HasConstantValue && Equals(f.ConstantValue, value));
        return member?.WireName() ?? "";
    }
}
