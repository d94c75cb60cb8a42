using System.Text;
using Toolstack.Idl;

namespace Toolstack.Cli;

/// <summary>Records as the original command line lays them out, for scripts that read its output.</summary>
internal static class RecordText
{
    private const int Indent = 4;

    /// <summary>One line for each field: the first key at the left, the others ending at the same column, each with its access.</summary>
    internal static async Task<string> BlockAsync(
        IReadOnlyList<ViewField> fields, Value.Struct record, ObjectNames names, CancellationToken cancel)
    {
        var keys = fields.Select(field => $"{field.Name} ({field.Access})").ToArray();
        var width = keys.Max(key => key.Length) + Indent;
        var text = new StringBuilder();
        for (var index = 0; index < keys.Length; index++)
        {
            text.Append(index == 0 ? keys[index].PadRight(width) : keys[index].PadLeft(width)).Append(": ")
                .Append(await fields[index].Show(record, names, cancel)).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>Values on one line, separated by commas; commas and backslashes in them are escaped.</summary>
    internal static string Minimal(IEnumerable<string> values) => string.Join(',', values.Select(value =>
        value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace(",", "\\,", StringComparison.Ordinal)));
}
