using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>The filter of a remote read: <c>"True"</c>, <c>"False"</c>, <c>["Eq", a, b]</c>, <c>["And"|"Or", e, e]</c>, <c>["Not", e]</c> over
/// <c>["Field", name]</c> and <c>["Literal", text]</c>. Names of fields are columns; values are compared as column texts.</summary>
internal static class RemoteFilter
{
    /// <summary>Raises <see cref="ValueFormatException"/> for what is no filter. The depth is bounded by the JSON reader.</summary>
    internal static bool Matches(Value filter, RowView row)
    {
        if (filter is Value.Text constant)
        {
            return constant.Content.ToUpperInvariant() switch
            {
                "TRUE" => true,
                "FALSE" => false,
                _ => throw Unknown(constant.Content),
            };
        }

        return filter.AsArray() switch
        {
            [Value.Text name, var a, var b] when Is(name, "Eq") => Operand(a, row) == Operand(b, row),
            [Value.Text name, var a, var b] when Is(name, "And") => Matches(a, row) && Matches(b, row),
            [Value.Text name, var a, var b] when Is(name, "Or") => Matches(a, row) || Matches(b, row),
            [Value.Text name, var a] when Is(name, "Not") => !Matches(a, row),
            _ => throw Unknown("filter"),
        };
    }

    private static string Operand(Value operand, RowView row) => operand.AsArray() switch
    {
        [Value.Text kind, Value.Text name] when Is(kind, "Field") => Columns.Read(row, name.Content),
        [Value.Text kind, Value.Text text] when Is(kind, "Literal") => text.Content,
        _ => throw Unknown("operand"),
    };

    private static bool Is(Value.Text name, string wanted) => string.Equals(name.Content, wanted, StringComparison.OrdinalIgnoreCase);

    private static ValueFormatException Unknown(string what) => new($"expected a filter, found {what}");
}
