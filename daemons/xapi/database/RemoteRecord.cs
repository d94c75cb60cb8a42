using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>What both ends of the remote database protocol share: the requests with the count of their arguments, and the form of a record.</summary>
internal static class RemoteRecord
{
    /// <summary>Ours beside the original requests: writes several fields of a row if others still have the texts given, so that an update made
    /// on a member is as atomic as one made here. Arguments: table, ref, {column: expected}, {column: new}; answers whether it was done.</summary>
    internal const string WriteFieldsIf = "Write_fields_if";

    internal static int Arity(string request) => request switch
    {
        "Get_table_from_ref" or "Is_valid_ref" or "Read_refs" or "Read_field_where" => 1,
        "Find_refs_with_filter" or "Db_get_by_uuid" or "Db_get_by_uuid_opt" or "Db_get_by_name_label" or "Read_record"
            or "Read_records_where" or "Delete_row" => 2,
        "Read_field" or "Create_row" => 3,
        "Write_field" or WriteFieldsIf => 4,
        "Process_structured_field" => 5,
        _ => throw new ArgumentOutOfRangeException(nameof(request), request, "not a request"),
    };

    /// <summary>Two items: the columns as texts, and the sets of references as lists.</summary>
    internal static void Write(RowView row, ValueWriter writer)
    {
        ImmutableArray<XenField> fields = row.Row.Class.Fields;
        writer.BeginStruct(fields.Length + 1);
        writer.Member(Columns.Reference);
        writer.String(row.Reference);
        foreach (XenField field in fields)
        {
            if (!field.IsInverse)
            {
                writer.Member(field.Column);
                writer.String(ColumnText.Encode(field, row.Row));
            }
        }

        writer.EndStruct();
        writer.BeginStruct(0);
        foreach (XenField field in fields)
        {
            if (field.Shape is FieldShape.RefSet)
            {
                writer.Member(field.Column);
                field.Write(row.Row, writer);
            }
        }

        writer.EndStruct();
    }

    /// <summary>The row of a record. Columns that the class here lacks are passed over, fields that the record lacks are at their default.</summary>
    internal static XenObject Read(XenClass info, Value columns, Value sets)
    {
        XenObject row = info.Blank;
        (Value.Struct texts, Value.Struct lists) = (columns.AsStruct(), sets.AsStruct());
        foreach (XenField field in info.Fields)
        {
            if (field.Shape is FieldShape.RefSet && lists.Find(field.Column) is { } list)
            {
                row = field.With(row, list);
            }
            else if (texts.Find(field.Column) is { } text)
            {
                row = ColumnText.Decode(field, row, text.AsString());
            }
        }

        return row;
    }

    internal static void WriteStrings(IReadOnlyCollection<string> values, ValueWriter writer)
    {
        writer.BeginArray(values.Count);
        foreach (string value in values)
        {
            writer.String(value);
        }

        writer.EndArray();
    }
}
