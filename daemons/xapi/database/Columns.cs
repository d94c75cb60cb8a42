using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>Rows by column: names join namespaces by two underscores, values are the database's texts; <c>_ref</c> is a row's reference.</summary>
internal static class Columns
{
    internal const string Reference = "_ref";

    /// <summary>The text of a column. <see cref="ValueFormatException"/> for a column that the class does not have.</summary>
    internal static string Read(RowView row, string column) =>
        column == Reference ? row.Reference : ColumnText.Encode(Find(row.Row.Class, column), row.Row);

    internal static XenField Find(XenClass info, string column)
    {
        foreach (XenField field in info.Fields)
        {
            if (field.Column == column)
            {
                return field;
            }
        }

        throw new ValueFormatException($"class {info.Name} has no column {column}");
    }
}
