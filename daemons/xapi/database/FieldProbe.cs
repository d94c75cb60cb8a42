using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>
/// Looks at the fields of rows through the writer that their class generates for them: two fields are equal when they are written
/// alike, which holds for sets and maps too, where the equality of immutable collections only compares identity.
/// Allocates nothing once warm, so every mutation can afford it. Not thread-safe.
/// </summary>
internal sealed class FieldProbe : ValueWriter
{
    private readonly List<Token> tokens = [];

    private enum Kind : byte { Null, Text, Int, Float, Bool, Date, Array, Struct, End }

    /// <summary>The fields in which two rows of a class differ.</summary>
    internal List<XenField> Changed(XenObject before, XenObject after)
    {
        var changed = new List<XenField>();
        if (ReferenceEquals(before, after))
        {
            return changed;
        }

        foreach (XenField field in before.Class.Fields)
        {
            if (!field.Same(before, after) && !Same(field, before, after))
            {
                changed.Add(field);
            }
        }

        return changed;
    }

    /// <summary>The text of a scalar field, as of a Ref.</summary>
    internal string Text(XenField field, XenObject row)
    {
        tokens.Clear();
        field.Write(row, this);
        return tokens is [{ Text: { } text }] ? text : "";
    }

    /// <summary>The texts of a set of refs or strings.</summary>
    internal List<string> Texts(XenField field, XenObject row)
    {
        tokens.Clear();
        field.Write(row, this);
        var texts = new List<string>(tokens.Count);
        foreach (Token token in tokens)
        {
            if (token.Kind is Kind.Text)
            {
                texts.Add(token.Text!);
            }
        }

        return texts;
    }

    /// <summary>Whether every text of a field is one that the database takes.</summary>
    internal bool IsLegal(XenField field, XenObject row)
    {
        tokens.Clear();
        field.Write(row, this);
        foreach (Token token in tokens)
        {
            if (token.Kind is Kind.Text && !LegalText.IsLegal(token.Text!))
            {
                return false;
            }
        }

        return true;
    }

    public override void Null() => tokens.Add(new Token(Kind.Null));

    public override void String(string value) => tokens.Add(new Token(Kind.Text, value));

    public override void Int(long value) => tokens.Add(new Token(Kind.Int, null, value));

    public override void Float(double value) => tokens.Add(new Token(Kind.Float, null, BitConverter.DoubleToInt64Bits(value)));

    public override void Bool(bool value) => tokens.Add(new Token(Kind.Bool, null, value ? 1 : 0));

    public override void Date(DateTimeOffset value) => tokens.Add(new Token(Kind.Date, null, value.ToUnixTimeSeconds()));

    public override void BeginArray(int count) => tokens.Add(new Token(Kind.Array, null, count));

    public override void EndArray() => tokens.Add(new Token(Kind.End));

    public override void BeginStruct(int count) => tokens.Add(new Token(Kind.Struct, null, count));

    public override void Member(string name) => tokens.Add(new Token(Kind.Text, name));

    public override void EndStruct() => tokens.Add(new Token(Kind.End));

    private bool Same(XenField field, XenObject before, XenObject after)
    {
        tokens.Clear();
        field.Write(before, this);
        int half = tokens.Count;
        field.Write(after, this);
        if (tokens.Count != 2 * half)
        {
            return false;
        }

        for (int index = 0; index < half; index++)
        {
            if (tokens[index] != tokens[half + index])
            {
                return false;
            }
        }

        return true;
    }

    private readonly record struct Token(Kind Kind, string? Text = null, long Number = 0);
}
