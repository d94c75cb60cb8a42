namespace Toolstack.Idl;

/// <summary>An opaque reference to an object of class <typeparamref name="T"/>: <c>OpaqueRef:&lt;uuid&gt;</c> on the wire, any other text carried as it is.</summary>
public readonly record struct Ref<T>(string Text) : IComparable<Ref<T>>
{
    private const string Prefix = "OpaqueRef:";

    /// <summary>The null reference, <c>OpaqueRef:NULL</c>.</summary>
    public static Ref<T> Null { get; } = new(Prefix + "NULL");

    /// <summary>True for the null reference, and for the default value, which stands for it.</summary>
    public bool IsNull => Text is null or "" or "OpaqueRef:NULL";

    /// <summary>A reference that no object has yet; its uuid comes from the system's random source.</summary>
    public static Ref<T> New() => new(Prefix + Guid.NewGuid().ToString());

    /// <summary>From the wire. The null reference, which most rows have many of, is one text.</summary>
    public static Ref<T> Read(Value value)
    {
        string text = value.AsString();
        return text == Null.Text ? Null : new Ref<T>(text);
    }

    public int CompareTo(Ref<T> other) => string.CompareOrdinal(ToString(), other.ToString());

    public override string ToString() => Text ?? Null.Text;
}
