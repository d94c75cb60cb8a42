using System.Collections.Immutable;
using System.Text;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>Writes a view of the database as the original's XML: a manifest, then every table; those that no restart keeps are empty, and the sets
/// that follow from Ref fields are left out, as every load works them out anew.</summary>
internal static class StateXmlWriter
{
    /// <summary>Raises IOException.</summary>
    internal static async Task WriteAsync(Stream output, IDatabaseView view, ImmutableArray<XenClass> classes, CancellationToken cancel)
    {
        var writer = new StreamWriter(output, new UTF8Encoding(false), 64 * 1024, leaveOpen: true);
        await using (writer.ConfigureAwait(false))
        {
            var text = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?><database><manifest>");
            Pair(text, "schema_major_vsn", StateXml.Number(Datamodel.Datamodel.SchemaMajor));
            Pair(text, "schema_minor_vsn", StateXml.Number(Datamodel.Datamodel.SchemaMinor));
            Pair(text, "generation_count", StateXml.Number(view.Generation));
            text.Append("</manifest>");
            foreach (XenClass c in classes.Where(static c => c.InDatabase))
            {
                Attribute(text.Append("<table"), "name", c.Name).Append('>');
                if (c.Persistent && c.Name != "task")
                {
                    foreach (RowView row in view.Rows(c))
                    {
                        Row(text, c, row);
                        await writer.WriteAsync(text, cancel).ConfigureAwait(false);
                        text.Clear();
                    }
                }

                text.Append("</table>");
            }

            await writer.WriteAsync(text.Append("</database>"), cancel).ConfigureAwait(false);
        }
    }

    private static void Row(StringBuilder text, XenClass c, RowView row)
    {
        Attribute(text.Append("<row"), "ref", row.Reference);
        Attribute(text, "__ctime", StateXml.Number(row.Created));
        Attribute(text, "__mtime", StateXml.Number(row.Modified));
        Attribute(text, Columns.Reference, row.Reference);
        foreach (XenField field in c.Fields.Where(static f => !f.IsInverse && !f.Removed).OrderBy(static f => f.Column, StringComparer.Ordinal))
        {
            Attribute(text, field.Column, ColumnText.Encode(field, row.Row));
        }

        text.Append("/>");
    }

    private static void Pair(StringBuilder text, string key, string value) =>
        Attribute(Attribute(text.Append("<pair"), "key", key), "value", value).Append("/>");

    private static StringBuilder Attribute(StringBuilder text, string name, string value)
    {
        text.Append(' ').Append(name).Append("=\"");
        foreach (char c in StateXml.Protect(value))
        {
            switch (c)
            {
                case '<': text.Append("&lt;"); break;
                case '>': text.Append("&gt;"); break;
                case '&': text.Append("&amp;"); break;
                case '"': text.Append("&quot;"); break;
                case < ' ' or '\ufffe' or '\uffff': break; // not to be written in XML at all
                default: text.Append(c); break;
            }
        }

        return text.Append('"');
    }
}
