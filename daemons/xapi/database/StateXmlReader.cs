using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>A database as read from XML, ready to be stored, and what of it was passed over because this daemon does not know it.</summary>
internal sealed record ImportedState(IReadOnlyList<StoredRow> Rows, long Generation, IReadOnlyList<string> Unknown);

/// <summary>Reads the original's XML. What a row lacks is at its default.</summary>
internal static class StateXmlReader
{
    private const string Created = "__ctime";
    private const string Modified = "__mtime";

    /// <summary>How much of a document to read for its manifest, which comes first: many times what it takes.</summary>
    internal const int ManifestBytes = 4096;

    /// <summary>The generation in the manifest of a document of which this is the start; null when it does not say.</summary>
    internal static long? GenerationIn(ReadOnlySpan<byte> start)
    {
        StateXmlScanner scanner = new(Encoding.UTF8.GetString(start));
        Dictionary<string, string> attributes = new(StringComparer.Ordinal);
        try
        {
            while (scanner.Next(attributes, out _, out _) is { } tag && tag != StateXml.Table)
            {
                if (IsGeneration(tag, attributes))
                {
                    return Number(attributes, "value");
                }
            }
        }
        catch (FormatException)
        {
            // It is cut somewhere, or of another kind.
        }

        return null;
    }

    /// <summary>Checks the whole document, and that the rows make a database: references and uuids that are unique. Raises
    /// <see cref="DatabaseFileException"/> naming <paramref name="name"/>.</summary>
    internal static ImportedState Read(ReadOnlySpan<byte> document, string name, ImmutableArray<XenClass> classes)
    {
        try
        {
            string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(document);
            ImportedState state = Read(text, classes);
            DatabaseLoader.Build(new Schema(classes), state.Rows, state.Generation, name);
            return state;
        }
        catch (Exception error) when (error is FormatException or ValueFormatException or DecoderFallbackException or ArgumentException)
        {
            throw new DatabaseFileException(name, $"is no database dump: {error.Message}", error);
        }
    }

    private static ImportedState Read(string text, ImmutableArray<XenClass> classes)
    {
        StateXmlScanner scanner = new(text);
        Dictionary<string, string> attributes = new(StringComparer.Ordinal);
        List<StoredRow> rows = [];
        SortedSet<string> unknown = new(StringComparer.Ordinal);
        long generation = 0;
        XenClass? table = null;
        string tableName = "";
        bool isDatabase = false;
        bool ended = false;
        while (scanner.Next(attributes, out bool closing, out bool empty) is { } tag)
        {
            isDatabase |= tag == StateXml.Database;
            ended |= tag == StateXml.Database && closing;
            if (closing || !isDatabase)
            {
                continue;
            }

            switch (tag)
            {
                case StateXml.Pair when IsGeneration(tag, attributes):
                    generation = Number(attributes, "value");
                    break;
                case StateXml.Table:
                    tableName = attributes.GetValueOrDefault("name") ?? throw new FormatException("a table without a name");
                    table = classes.FirstOrDefault(c => c.InDatabase && c.Name == tableName);
                    break;
                case StateXml.Row when table is null:
                    unknown.Add(tableName);
                    break;
                case StateXml.Row when table.Persistent:
                    rows.Add(Row(table, attributes, unknown));
                    break;
                default:
                    break;
            }
        }

        return isDatabase && ended ? new ImportedState(rows, generation, [.. unknown]) : throw new FormatException("the document ends early or is of another kind");
    }

    private static bool IsGeneration(string tag, Dictionary<string, string> attributes) =>
        tag == StateXml.Pair && attributes.GetValueOrDefault("key") == "generation_count";

    private static StoredRow Row(XenClass c, Dictionary<string, string> attributes, SortedSet<string> unknown)
    {
        string reference = attributes.GetValueOrDefault("ref") ?? throw new FormatException($"a row of {c.Name} without a reference");
        XenObject row = c.Blank;
        foreach ((string column, string value) in attributes)
        {
            if (column is "ref" or Created or Modified or Columns.Reference)
            {
                continue;
            }

            XenField? field = c.Fields.FirstOrDefault(f => f.Column == column);
            if (field is null)
            {
                unknown.Add($"{c.Name}.{column}");
            }
            else if (!field.Removed && !field.IsInverse && field.Persistent)
            {
                row = ColumnText.Decode(field, row, StateXml.Unprotect(value));
            }
        }

        long created = attributes.ContainsKey(Created) ? Number(attributes, Created) : 0;
        return new StoredRow(c.Name, reference, created, attributes.ContainsKey(Modified) ? Number(attributes, Modified) : created, RowCodec.Encode(row));
    }

    private static long Number(Dictionary<string, string> attributes, string name) =>
        long.TryParse(attributes.GetValueOrDefault(name), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number)
            ? number
            : throw new FormatException($"{name} is no number");
}
