using System.Collections.Immutable;

namespace Toolstack.Idl;

/// <summary>Builds a <see cref="Value"/> from what typed code writes: arguments of a call to another host, stored records, comparisons in tests.</summary>
public sealed class ValueBuilder : ValueWriter
{
    private readonly Stack<Frame> open = new();
    private Value? result;

    /// <summary>The finished value. InvalidOperationException when nothing, or not all of it, was written.</summary>
    public Value Result => open.Count == 0 && result is not null ? result : throw new InvalidOperationException("the value is not finished");

    /// <summary>Runs typed code and returns what it wrote.</summary>
    public static Value Build(Action<ValueWriter> write)
    {
        ValueBuilder builder = new();
        write(builder);
        return builder.Result;
    }

    public override void Null() => Add(Value.Nil.Instance);

    public override void String(string value) => Add(new Value.Text(value));

    public override void Int(long value) => Add(new Value.Int(value));

    public override void Float(double value) => Add(new Value.Float(value));

    public override void Bool(bool value) => Add(new Value.Bool(value));

    public override void Date(DateTimeOffset value) => Add(new Value.Date(value));

    public override void BeginArray(int count) => open.Push(new Frame(ImmutableArray.CreateBuilder<Value>(count), null));

    public override void EndArray() => Add(new Value.Array(open.Pop().Items!.DrainToImmutable()));

    public override void BeginStruct(int count) => open.Push(new Frame(null, ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>(count)));

    public override void Member(string name) => open.Peek().Name = name;

    public override void EndStruct() => Add(new Value.Struct(open.Pop().Members!.DrainToImmutable()));

    private void Add(Value value)
    {
        if (!open.TryPeek(out Frame? frame))
        {
            result = value;
        }
        else if (frame.Items is { } items)
        {
            items.Add(value);
        }
        else
        {
            frame.Members!.Add(new(frame.Name, value));
        }
    }

    private sealed class Frame(ImmutableArray<Value>.Builder? items, ImmutableArray<KeyValuePair<string, Value>>.Builder? members)
    {
        public ImmutableArray<Value>.Builder? Items { get; } = items;

        public ImmutableArray<KeyValuePair<string, Value>>.Builder? Members { get; } = members;

        public string Name { get; set; } = "";
    }
}
