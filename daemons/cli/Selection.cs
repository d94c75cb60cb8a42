using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Cli;

/// <summary>Finds the objects that a command line selects: by uuid, by name, or by the values of their fields.</summary>
internal static class Selection
{
    /// <summary>The records of a class for which every filter holds, with their references.</summary>
    internal static async Task<List<(Value Ref, Value.Struct Record)>> RecordsAsync(
        CliContext context, RecordView view, IEnumerable<KeyValuePair<string, string>> filters, Func<Value.Struct, bool> belongs, CancellationToken cancel)
    {
        var wanted = filters.Select(filter => Matcher(view, filter)).ToArray();
        var all = (await context.Session.CallAsync(view.Class.Name + ".get_all_records", cancel)).AsStruct().Members;
        foreach (var (field, _, _) in wanted.Where(match => match.Field.Target is not null))
        {
            await context.Names.PrepareAsync(
                field.Target!, all.Select(member => member.Value.AsStruct().Find(field.Field.Name)).OfType<Value.Text>(), cancel);
        }

        var found = new List<(Value, Value.Struct)>();
        foreach (var (reference, value) in all)
        {
            var record = value.AsStruct();
            if (belongs(record) && await HoldsAsync(wanted, record, context.Names, cancel))
            {
                found.Add((new Value.Text(reference), record));
            }
        }

        return found;
    }

    /// <summary>The objects a command acts on: <c>word=</c> gives a uuid or name, else <c>uuid=</c>, else the filters that are left.
    /// More than one only with --multiple.</summary>
    internal static async Task<ImmutableArray<Value>> ObjectsAsync(
        CliContext context, string className, string word, Func<Value.Struct, bool> belongs, CancellationToken cancel, params string[] used)
    {
        var arguments = context.Arguments;
        var view = RecordView.Of(Datamodel.Find(className)!);
        ImmutableArray<Value> found;
        if ((arguments.Find(word) ?? arguments.Find(word + "-uuid") ?? arguments.Find("uuid") ?? arguments.Find(word + "-name")) is { } wanted)
        {
            found = Guid.TryParse(wanted, out _)
                ? [await context.Names.ByUuidAsync(className, wanted, cancel)]
                : [.. (await RecordsAsync(context, view, [new("name-label", wanted)], belongs, cancel)).Select(row => row.Ref)];
        }
        else if (arguments.Filters(used).Any() || arguments.Multiple)
        {
            found = [.. (await RecordsAsync(context, view, arguments.Filters(used), belongs, cancel)).Select(row => row.Ref)];
        }
        else
        {
            throw new CliUsageError("Required parameter not found: " + word);
        }

        return found.Length switch
        {
            0 => throw new CliUsageError($"No matching {word}s found"),
            1 => found,
            _ => arguments.Multiple ? found : throw new CliUsageError($"Multiple matches ({found.Length}) found. --multiple required to complete this operation"),
        };
    }

    private static (ViewField Field, string? Key, string Wanted) Matcher(RecordView view, KeyValuePair<string, string> filter)
    {
        var colon = filter.Key.IndexOf(':', StringComparison.Ordinal);
        return (view.Find(colon < 0 ? filter.Key : filter.Key[..colon]), colon < 0 ? null : filter.Key[(colon + 1)..], filter.Value);
    }

    private static async Task<bool> HoldsAsync(
        (ViewField Field, string? Key, string Wanted)[] wanted, Value.Struct record, ObjectNames names, CancellationToken cancel)
    {
        foreach (var (field, key, text) in wanted)
        {
            var value = record.Find(field.Field.Name);
            var holds = (key, value) switch
            {
                (not null, Value.Struct map) => map.Find(key) is { } entry && RecordView.Text(entry) == text,
                (null, Value.Array set) when field.Target is null => set.Items.Any(item => RecordView.Text(item) == text),
                _ => string.Equals(await field.Show(record, names, cancel), text, field.Name is "name-label" ? StringComparison.Ordinal : StringComparison.OrdinalIgnoreCase),
            };
            if (!holds)
            {
                return false;
            }
        }

        return true;
    }
}
