using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>The failures that the remote database protocol has names for, each mapped to the XenAPI error that the caller on the member gets.</summary>
internal static class RemoteError
{
    internal const string NotFound = "Dbcache_notfound";
    internal const string NotUnique = "Uniqueness_constraint_violation";
    internal const string DuplicateKey = "Duplicate_key_of";
    internal const string MissingUuid = "Read_missing_uuid";
    internal const string TooMany = "Too_many_values";

    /// <summary>The answer that carries an error, or null for one that the protocol has no name for.</summary>
    internal static ImmutableArray<string>? ToWire(XenApiError error) => error switch
    {
        { Code: "HANDLE_INVALID", Parameters: [var table, var reference] } => [NotFound, "missing row", table, reference],
        { Code: "UUID_INVALID", Parameters: [var table, var uuid] } => [MissingUuid, table, "", uuid],
        { Code: "DB_UNIQUENESS_CONSTRAINT_VIOLATION", Parameters: [var table, var field, var value] } => [NotUnique, table, field, value],
        { Code: "MAP_DUPLICATE_KEY", Parameters: [var table, var field, var reference, var key] } => [DuplicateKey, table, field, reference, key],
        _ => null,
    };

    /// <summary>The error that an answer carries, or null when its constructor names none.</summary>
    internal static XenApiError? FromWire(string constructor, ImmutableArray<Value> arguments) => (constructor, arguments) switch
    {
        (NotFound, [_, var table, var reference]) => new("HANDLE_INVALID", table.AsString(), reference.AsString()),
        (MissingUuid, [var table, _, var uuid]) => new("UUID_INVALID", table.AsString(), uuid.AsString()),
        (NotUnique, [var table, var field, var value]) =>
            new("DB_UNIQUENESS_CONSTRAINT_VIOLATION", table.AsString(), field.AsString(), value.AsString()),
        (DuplicateKey, [var table, var field, var reference, var key]) =>
            new("MAP_DUPLICATE_KEY", table.AsString(), field.AsString(), reference.AsString(), key.AsString()),
        (TooMany, [var table, _, var value]) => new("INTERNAL_ERROR", $"too many rows of {table.AsString()} for {value.AsString()}"),
        _ => null,
    };
}
