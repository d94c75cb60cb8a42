using System.Collections.Immutable;

namespace Toolstack.Idl;

/// <summary>What generated codecs are put together from: collections, optional members, tuples.</summary>
public static class Wire
{
    public static void WriteSet<T>(ValueWriter writer, ImmutableArray<T> items, Action<ValueWriter, T> write)
    {
        if (items.IsDefault)
        {
            items = [];
        }

        writer.BeginArray(items.Length);
        foreach (T item in items)
        {
            write(writer, item);
        }

        writer.EndArray();
    }

    public static ImmutableArray<T> ReadSet<T>(Value value, Func<Value, T> read)
    {
        ImmutableArray<Value> items = value.AsArray();
        ImmutableArray<T>.Builder result = ImmutableArray.CreateBuilder<T>(items.Length);
        foreach (Value item in items)
        {
            result.Add(read(item));
        }

        return result.MoveToImmutable();
    }

    public static void WriteMap<TKey, TValue>(ValueWriter writer, ImmutableSortedDictionary<TKey, TValue>? map, Func<TKey, string> key, Action<ValueWriter, TValue> write)
        where TKey : notnull
    {
        writer.BeginStruct(map?.Count ?? 0);
        if (map is not null)
        {
            foreach (KeyValuePair<TKey, TValue> entry in map)
            {
                writer.Member(key(entry.Key));
                write(writer, entry.Value);
            }
        }

        writer.EndStruct();
    }

    /// <summary>A key that comes twice keeps its last value. Text keys are ordered as bytes.</summary>
    public static ImmutableSortedDictionary<TKey, TValue> ReadMap<TKey, TValue>(Value value, Func<string, TKey> key, Func<Value, TValue> read)
        where TKey : notnull
    {
        ImmutableArray<KeyValuePair<string, Value>> members = value.AsStruct().Members;
        if (members.IsEmpty)
        {
            return EmptyMap<TKey, TValue>.Instance;
        }

        ImmutableSortedDictionary<TKey, TValue>.Builder map = EmptyMap<TKey, TValue>.Instance.ToBuilder();
        foreach (KeyValuePair<string, Value> member in members)
        {
            TValue item = read(member.Value);
            map[key(TextPool.Share(member.Key))] = item is string text ? (TValue)(object)TextPool.Share(text) : item;
        }

        return map.ToImmutable();
    }

    /// <summary>An optional value where it cannot be left out (an item, an argument of a case, a result): an array of none or one.</summary>
    public static void WriteOption<T>(ValueWriter writer, bool present, T item, Action<ValueWriter, T> write)
    {
        writer.BeginArray(present ? 1 : 0);
        if (present)
        {
            write(writer, item);
        }

        writer.EndArray();
    }

    public static T? ReadOption<T>(Value value, Func<Value, T> read)
        where T : class => Option(value) is { } item ? read(item) : null;

    public static T? ReadValueOption<T>(Value value, Func<Value, T> read)
        where T : struct => Option(value) is { } item ? read(item) : null;

    /// <summary>A member of a record, found by its exact name or else whatever its case; null when it is absent or nil.</summary>
    public static Value? Member(Value.Struct record, string name)
    {
        Value? found = record.Find(name);
        if (found is null)
        {
            foreach (KeyValuePair<string, Value> member in record.Members)
            {
                if (string.Equals(member.Key, name, StringComparison.OrdinalIgnoreCase))
                {
                    found = member.Value;
                    break;
                }
            }
        }

        return found is Value.Nil ? null : found;
    }

    /// <exception cref="ValueFormatException">The member is absent.</exception>
    public static Value Required(Value.Struct record, string name) =>
        Member(record, name) ?? throw new ValueFormatException($"member {name} is missing");

    public static int Int32(Value value)
    {
        long number = value.AsInt();
        return number is >= int.MinValue and <= int.MaxValue ? (int)number : throw new ValueFormatException($"expected a 32-bit int, found {number}");
    }

    /// <summary>The items of a tuple, whose number is fixed.</summary>
    public static ImmutableArray<Value> Tuple(Value value, int count)
    {
        ImmutableArray<Value> items = value.AsArray();
        return items.Length == count ? items : throw new ValueFormatException($"expected {count} values, found {items.Length}");
    }

    public static void WriteTuple<T>(ValueWriter writer, int count, T tuple, Action<ValueWriter, T> write)
    {
        writer.BeginArray(count);
        write(writer, tuple);
        writer.EndArray();
    }

    /// <summary>Decodes the tuple in one expression.</summary>
    public static T ReadTuple<T>(Value value, int count, Func<ImmutableArray<Value>, T> read) => read(Tuple(value, count));

    /// <summary>A case of a variant: its tag and, unless it has none, its argument.</summary>
    public static (string Tag, Value? Argument) Case(Value value) => value switch
    {
        Value.Text tag => (tag.Content, null),
        Value.Array { Items: [Value.Text tag] } => (tag.Content, null),
        Value.Array { Items: [Value.Text tag, Value argument] } => (tag.Content, argument),
        _ => throw new ValueFormatException("expected a variant"),
    };

    public static Value Argument((string Tag, Value? Argument) variant) =>
        variant.Argument ?? throw new ValueFormatException($"{variant.Tag} has no argument");

    /// <summary>What came and is not known, as JSON; no more of it than a log line bears.</summary>
    public static string Text(Value value)
    {
        const int most = 1024;
        string text = Json.JsonValueWriter.Text(w => w.Dynamic(value));
        return text.Length <= most ? text : text[..most];
    }

    /// <summary>The one empty map of its type in the order of the wire.</summary>
    private static class EmptyMap<TKey, TValue>
        where TKey : notnull
    {
        internal static readonly ImmutableSortedDictionary<TKey, TValue> Instance = ImmutableSortedDictionary.Create<TKey, TValue>(
            typeof(TKey) == typeof(string) ? (IComparer<TKey>)StringComparer.Ordinal : null);
    }

    private static Value? Option(Value value)
    {
        if (value is Value.Nil)
        {
            return null;
        }

        ImmutableArray<Value> items = value.AsArray();
        return items.Length switch
        {
            0 => null,
            1 => items[0],
            _ => throw new ValueFormatException($"expected an optional value, found {items.Length} values"),
        };
    }
}
