using Toolstack.Idl;

namespace Toolstack.Cli;

/// <summary>References as people write and read them: uuids and names, asked for once in a run. Raises <see cref="CliUsageError"/>
/// when nothing or too much has a name.</summary>
internal sealed class ObjectNames(ICliSession session)
{
    private const string NullRef = "OpaqueRef:NULL";
    private const string NotInDatabase = "<not in database>";

    /// <summary>From so many objects of a class on, their records are fetched together.</summary>
    private const int Few = 8;

    private readonly Dictionary<(string Class, string Ref), Value.Struct?> records = [];
    private readonly HashSet<string> complete = [];

    internal static Value Null { get; } = new Value.Text(NullRef);

    internal static bool IsNull(Value reference) => reference.AsString() is NullRef or "";

    internal async Task<string> UuidAsync(string className, Value reference, CancellationToken cancel) =>
        IsNull(reference) ? NotInDatabase : await FieldAsync(className, reference, "uuid", cancel);

    internal async Task<string> NameAsync(string className, Value reference, CancellationToken cancel) =>
        IsNull(reference) ? "" : await FieldAsync(className, reference, "name_label", cancel);

    /// <summary>The object with that uuid.</summary>
    internal Task<Value> ByUuidAsync(string className, string uuid, CancellationToken cancel) =>
        session.CallAsync(className + ".get_by_uuid", cancel, new Value.Text(uuid));

    /// <summary>The one object with that uuid or name; the empty text and <c>null</c> are no object.</summary>
    internal async Task<Value> FindAsync(string className, string wanted, CancellationToken cancel)
    {
        if (wanted is "" or "null")
        {
            return Null;
        }

        if (Guid.TryParse(wanted, out _) || Xapi.Datamodel.Datamodel.Find(className)?.Field("name_label") is null)
        {
            return await ByUuidAsync(className, wanted, cancel);
        }

        var found = (await session.CallAsync(className + ".get_by_name_label", cancel, new Value.Text(wanted))).AsArray();
        return found.Length switch
        {
            1 => found[0],
            0 => throw new CliUsageError($"No {className} is called {wanted}"),
            _ => throw new CliUsageError($"{found.Length} objects of class {className} are called {wanted}: give a uuid"),
        };
    }

    /// <summary>Prepares for names of many objects.</summary>
    internal async Task PrepareAsync(string className, IEnumerable<Value> references, CancellationToken cancel)
    {
        if (complete.Contains(className) || references.Select(reference => reference.AsString()).Distinct().Take(Few).Count() < Few)
        {
            return;
        }

        foreach (var (reference, record) in (await session.CallAsync(className + ".get_all_records", cancel)).AsStruct().Members)
        {
            records[(className, reference)] = record.AsStruct();
        }

        complete.Add(className);
    }

    private async Task<string> FieldAsync(string className, Value reference, string field, CancellationToken cancel)
    {
        var key = (className, reference.AsString());
        if (!records.TryGetValue(key, out var record))
        {
            try
            {
                record = (await session.CallAsync(className + ".get_record", cancel, reference)).AsStruct();
            }
            catch (XenApiError error) when (error.Code == "HANDLE_INVALID")
            {
                // It went between the list and the look: shown as what it is.
                record = null;
            }

            records[key] = record;
        }

        return record?.Find(field)?.AsString() ?? NotInDatabase;
    }
}
