namespace Toolstack.Idl;

/// <summary>
/// Where typed values are written to: XML-RPC, JSON, MessagePack or a <see cref="Value"/>. Generated code writes each type once, against this class.
/// Counts are given up front because MessagePack wants them; the textual writers ignore them.
/// </summary>
public abstract class ValueWriter
{
    public abstract void Null();

    /// <summary>The result of a message that returns nothing: an empty string on every XenAPI wire.</summary>
    public virtual void Void() => String("");

    public abstract void String(string value);
    public abstract void Int(long value);

    /// <summary>A 32-bit integer, which XML-RPC writes as <c>&lt;i4&gt;</c> (only <c>valid_ref_counts</c> uses it).</summary>
    public virtual void Int32(int value) => Int(value);

    public abstract void Float(double value);
    public abstract void Bool(bool value);
    public virtual void Date(DateTimeOffset value) => String(WireDate.Format(value));
    public abstract void BeginArray(int count);
    public abstract void EndArray();
    public abstract void BeginStruct(int count);

    /// <summary>The name of the struct member whose value is written next.</summary>
    public abstract void Member(string name);

    /// <summary>The same for a field, whose name an encoding may keep as it writes it.</summary>
    public virtual void Member(XenField field)
    {
        ArgumentNullException.ThrowIfNull(field);
        Member(field.Name);
    }

    public abstract void EndStruct();

    /// <summary>Writes one value that many readers want at about the same time. <paramref name="key"/> stands for it by identity and never
    /// means another; an encoding may keep what <paramref name="write"/> wrote for it.</summary>
    public virtual void Shared(object key, Action<ValueWriter> write) => write(this);

    /// <summary>Writes a value whose type is not known here, as when a reply is passed on.</summary>
    public void Dynamic(Value value)
    {
        switch (value)
        {
            case Value.Text t: String(t.Content); break;
            case Value.Int i: Int(i.Content); break;
            case Value.Float f: Float(f.Content); break;
            case Value.Bool b: Bool(b.Content); break;
            case Value.Date d: Date(d.Content); break;
            case Value.Array a:
                BeginArray(a.Items.Length);
                foreach (Value item in a.Items)
                {
                    Dynamic(item);
                }

                EndArray();
                break;
            case Value.Struct s:
                BeginStruct(s.Members.Length);
                foreach (KeyValuePair<string, Value> member in s.Members)
                {
                    Member(member.Key);
                    Dynamic(member.Value);
                }

                EndStruct();
                break;
            default: Null(); break;
        }
    }
}
