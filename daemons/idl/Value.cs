using System.Collections.Immutable;
using System.Globalization;

namespace Toolstack.Idl;

/// <summary>
/// A value as it came off a wire, before its type is known: what the XML-RPC, JSON and MessagePack readers produce.
/// Accessors accept the encodings that the XenAPI wire allows for a type (an integer may be untyped text, for instance)
/// and throw <see cref="ValueFormatException"/> otherwise.
/// </summary>
public abstract record Value
{
    private Value() { }

    public sealed record Nil : Value { public static readonly Nil Instance = new(); }
    public sealed record Text(string Content) : Value;
    public sealed record Int(long Content) : Value;
    public sealed record Float(double Content) : Value;
    public sealed record Bool(bool Content) : Value;
    public sealed record Date(DateTimeOffset Content) : Value;
    public sealed record Array(ImmutableArray<Value> Items) : Value;
    public sealed record Struct(ImmutableArray<KeyValuePair<string, Value>> Members) : Value
    {
        public Value? Find(string name)
        {
            foreach (KeyValuePair<string, Value> member in Members)
            {
                if (member.Key == name)
                {
                    return member.Value;
                }
            }

            return null;
        }
    }

    public static Value Empty { get; } = new Text("");

    public string AsString() => this switch
    {
        Text t => t.Content,
        Nil => "",
        Int i => i.Content.ToString(CultureInfo.InvariantCulture),
        _ => throw Mismatch("string"),
    };

    public long AsInt() => this switch
    {
        Int i => i.Content,
        Text t when long.TryParse(t.Content, NumberStyles.AllowLeadingSign | NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite,
            CultureInfo.InvariantCulture, out long parsed) => parsed,
        _ => throw Mismatch("int"),
    };

    public double AsFloat() => this switch
    {
        Float f => f.Content,
        Int i => i.Content,
        Text t when double.TryParse(t.Content, NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed) => parsed,
        _ => throw Mismatch("float"),
    };

    public bool AsBool() => this is Bool b ? b.Content : throw Mismatch("bool");

    public DateTimeOffset AsDate() => this switch
    {
        Date d => d.Content,
        Text t => WireDate.Parse(t.Content),
        _ => throw Mismatch("datetime"),
    };

    public ImmutableArray<Value> AsArray() => this is Array a ? a.Items : throw Mismatch("set");

    public Struct AsStruct() => this is Struct s ? s : throw Mismatch("struct");

    private ValueFormatException Mismatch(string wanted) => new($"expected {wanted}, found {GetType().Name.ToLowerInvariant()}");
}

/// <summary>A value that is not of the type its place asks for.</summary>
public sealed class ValueFormatException(string message) : Exception(message);
