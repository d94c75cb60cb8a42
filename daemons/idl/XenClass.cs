using System.Collections.Immutable;
using System.Text.Json;

namespace Toolstack.Idl;

/// <summary>A XenAPI class as data: what the dispatcher, the database, events, roles and the description are derived from. Instances are generated.</summary>
public sealed class XenClass
{
    public required string Name { get; init; }
    public required bool InDatabase { get; init; }
    public required bool ExposesAll { get; init; }
    public required bool Constructor { get; init; }
    public required Role ConstructorRole { get; init; }
    public required bool Persistent { get; init; }
    public required bool Events { get; init; }
    /// <summary>The least role for records, look-ups and lists.</summary>
    public Role Reader { get; init; }
    /// <summary>The messages of the class itself (records, look-ups, constructor) answer MESSAGE_REMOVED.</summary>
    public bool Removed { get; init; }
    public required ImmutableArray<XenField> Fields { get; init; }
    /// <summary>The explicit messages; <see cref="ImplicitMessages"/> derives the others.</summary>
    public required ImmutableArray<XenMessage> Messages { get; init; }
    public required ImmutableArray<XenEnum> Enums { get; init; }
    /// <summary>A row with every field at its default.</summary>
    public required XenObject Blank { get; init; }
    /// <summary>The name in events and in valid_ref_counts.</summary>
    public string EventName => Name.ToLowerInvariant();

    public XenField? Field(string name)
    {
        foreach (XenField field in Fields)
        {
            if (field.Name == name)
            {
                return field;
            }
        }

        return null;
    }

    /// <summary>A row of its own with every field at its default, to be filled by <see cref="XenField.Set"/>.</summary>
    public XenObject Fresh() => Blank with { };

    /// <summary>Writes the record as clients see it: every public field, in declared order.</summary>
    public void WriteRecord(XenObject row, ValueWriter writer)
    {
        int count = 0;
        foreach (XenField field in Fields)
        {
            count += field.Internal ? 0 : 1;
        }

        writer.BeginStruct(count);
        foreach (XenField field in Fields)
        {
            if (!field.Internal)
            {
                writer.Member(field);
                field.Write(row, writer);
            }
        }

        writer.EndStruct();
    }

    /// <summary>
    /// A row from the record that a constructor takes: the RW and StaticRO fields by name, those with a default may be missing, others are ignored.
    /// </summary>
    /// <exception cref="ValueFormatException">A field is missing or of another type.</exception>
    public XenObject ReadConstructor(Value record)
    {
        Value.Struct members = record.AsStruct();
        XenObject row = Fresh();
        foreach (XenField field in Fields)
        {
            if (field.Qualifier == Qualifier.DynamicRO || field.Internal)
            {
                continue;
            }

            if (members.Find(field.Name) is { } value)
            {
                field.Set(row, value);
            }
            else if (!field.HasDefault)
            {
                throw new ValueFormatException($"Field {field.Name} not present in record of {Name}");
            }
        }

        return row;
    }
}

/// <summary>An enum of a class: its name in the description and its values.</summary>
public sealed record XenEnum(string Name, ImmutableArray<string> Values);

/// <summary>The shape of a field's type, as far as implicit messages and relations depend on it.</summary>
public enum FieldShape { Scalar, Ref, Set, RefSet, Map }

/// <summary>A key of a map field with the least role that may add and remove it. <c>*</c> at its end stands for anything.</summary>
public sealed record GuardedKey(string Key, Role Role)
{
    /// <summary>From <c>key:role</c>, the role by its name on the wire.</summary>
    public static GuardedKey Parse(string text)
    {
        int colon = text.LastIndexOf(':');
        return new GuardedKey(text[..colon], Roles.All.First(r => Roles.Name(r) == text[(colon + 1)..]));
    }

    public bool Matches(string key) =>
        Key.EndsWith('*') ? key.StartsWith(Key[..^1], StringComparison.OrdinalIgnoreCase) : key.Equals(Key, StringComparison.OrdinalIgnoreCase);
}

/// <summary>A field as data.</summary>
public sealed class XenField
{
    /// <summary>A <see cref="JsonEncodedText"/>: boxed, so that any thread may set it.</summary>
    private object? json;

    public required string Name { get; init; }
    /// <summary>The name as JSON has it.</summary>
    public JsonEncodedText JsonName => (JsonEncodedText)(json ??= JsonEncodedText.Encode(Name));
    public required string Column { get; init; }
    /// <summary>As the machine-readable description writes it: <c>string</c>, <c>VM ref</c>, <c>(string -> string) map</c>, <c>enum vm_operations set</c>.</summary>
    public required string Type { get; init; }
    public required FieldShape Shape { get; init; }
    public required Qualifier Qualifier { get; init; }
    public required bool Persistent { get; init; }
    public required bool Internal { get; init; }
    public required bool HasDefault { get; init; }
    public required bool HasEffect { get; init; }
    public Role Reader { get; init; }
    public required Role Writer { get; init; }
    public ImmutableArray<Role> AlsoWriters { get; init; } = [];
    /// <summary>Keys of a map whose least writer is another than <see cref="Writer"/>; a key may end in <c>*</c>.</summary>
    public ImmutableArray<GuardedKey> GuardedKeys { get; init; } = [];
    /// <summary>For Ref fields: the set at the other end, or null.</summary>
    public (string Class, string Field)? Inverse { get; init; }
    /// <summary>For RefSet fields: true when the database maintains it as the other end of a Ref field, so it has no setters.</summary>
    public bool IsInverse { get; init; }
    /// <summary>For RefSet fields: the set at the other end of a many-to-many relation, or null.</summary>
    public (string Class, string Field)? Peer { get; init; }
    /// <summary>Its accessors answer MESSAGE_REMOVED.</summary>
    public bool Removed { get; init; }
    public required Action<XenObject, ValueWriter> Write { get; init; }
    /// <summary>Whether this field holds the same value, or the very same set or map, in two rows: false says nothing of sets and maps that were made
    /// anew.</summary>
    public required Func<XenObject, XenObject, bool> Same { get; init; }
    /// <summary>Reads this field of a row that nobody else has seen yet from a wire value; ValueFormatException when it is of another type.</summary>
    public required Action<XenObject, Value> Set { get; init; }

    /// <summary>A copy of the row with this field read from a wire value; ValueFormatException when it is of another type.</summary>
    public XenObject With(XenObject row, Value value)
    {
        XenObject copy = row with { };
        Set(copy, value);
        return copy;
    }
}

/// <summary>A parameter of a message; <see cref="Default"/> is what a missing trailing argument stands for (null: required).</summary>
public sealed record XenParameter(string Name, string Type, Value? Default = null);

/// <summary>The declared policy of a message: where it runs and what it locks.</summary>
public sealed record MessagePolicy(Where Where, string? HostArgument, ImmutableArray<LockPolicy> Locks, ReservePolicy? Reserve)
{
    public static MessagePolicy Default { get; } = new(Where.Coordinator, null, [], null);
}

/// <summary>The object argument (by index, session not counted) and the operation entered in its current_operations, or, where <see cref="Of"/>
/// names a Ref field of it, in those of the object that the field refers to.</summary>
public sealed record LockPolicy(int Argument, string Operation, ImmutableArray<string> Cancels, string? Of = null);

/// <summary>The host argument (by index) on which memory for the VM of argument 0 is reserved.</summary>
public sealed record ReservePolicy(int Argument, string HostOperation);

/// <summary>An explicit message as data, with the generated code that decodes its arguments and calls the implementation.</summary>
public sealed class XenMessage
{
    public required string Class { get; init; }
    public required string Name { get; init; }
    public string FullName => Class + "." + Name;
    /// <summary>Without the session.</summary>
    public required ImmutableArray<XenParameter> Parameters { get; init; }
    public required string Result { get; init; }
    public required Role Role { get; init; }
    public ImmutableArray<Role> Also { get; init; } = [];
    public required ImmutableArray<string> Errors { get; init; }
    public required bool Async { get; init; }
    public bool Session { get; init; } = true;
    public bool PoolInternal { get; init; }
    public bool Secret { get; init; }
    /// <summary>It answers MESSAGE_REMOVED.</summary>
    public bool Removed { get; init; }
    public required MessagePolicy Policy { get; init; }
    /// <summary>Decodes the arguments (one per parameter, defaults filled in) and calls the method on the implementation of the message interface.</summary>
    public required Func<object, Call, ImmutableArray<Value>, ValueTask<MessageResult>> Invoke { get; init; }
}

/// <summary>What a message returned, ready to be written in whichever encoding the caller asked for.</summary>
public readonly struct MessageResult
{
    private readonly Action<ValueWriter>? write;
    private readonly Func<ValueWriter, IEnumerable<int>>? parts;

    public MessageResult(Action<ValueWriter> write) => this.write = write;

    private MessageResult(Func<ValueWriter, IEnumerable<int>> parts) => this.parts = parts;

    public static MessageResult Void { get; } = new(static w => w.Void());

    /// <summary>It may be as large as the database, so it is better sent while it is written.</summary>
    public bool IsLong => parts is not null;

    /// <summary>A result that is written a part at a time: <paramref name="parts"/> yields between two parts, whatever number, and can be run again.</summary>
    public static MessageResult InParts(Func<ValueWriter, IEnumerable<int>> parts) => new(parts);

    /// <summary>A result taken over from another host.</summary>
    public static MessageResult From(Value value) => new(w => w.Dynamic(value));

    /// <summary>What generated code makes of an implementation without result. One method for all messages, as each async method costs code.</summary>
    public static async ValueTask<MessageResult> Of(Task task)
    {
        await task.ConfigureAwait(false);
        return Void;
    }

    /// <summary>What generated code makes of an implementation's result.</summary>
    public static async ValueTask<MessageResult> Of<T>(Task<T> task, Action<ValueWriter, T> write)
    {
        T result = await task.ConfigureAwait(false);
        return result is MessageResult made ? made : new MessageResult(w => write(w, result));
    }

    /// <summary>Writes the whole at once.</summary>
    public void Write(ValueWriter writer)
    {
        if (write is not null)
        {
            write(writer);
            return;
        }

        foreach (int _ in Parts(writer))
        {
            // The next part is written by asking for it.
        }
    }

    /// <summary>Writes as it is enumerated.</summary>
    public IEnumerable<int> Parts(ValueWriter writer)
    {
        if (parts is not null)
        {
            return parts(writer);
        }

        write?.Invoke(writer);
        return [];
    }
}

/// <summary>The context of one call, handed to every message implementation; the daemon derives its own from it.</summary>
public abstract class Call
{
    /// <summary>The session's reference as the client sent it.</summary>
    public abstract string SessionRef { get; }

    /// <summary>The task under which the call runs (a DummyRef for calls that have none in the database).</summary>
    public abstract string TaskRef { get; }

    /// <summary>Cancelled by task.cancel and by the daemon's stop.</summary>
    public abstract CancellationToken Cancellation { get; }
}
