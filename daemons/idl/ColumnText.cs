using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Toolstack.Idl;

/// <summary>
/// Fields as the database writes them in queries, dumps and remote access: scalars as plain text (floats with 18 digits), sets as <c>('a' 'b')</c>,
/// maps as <c>(('k' 'v') ('l' 'w'))</c>; in quoted text <c>\</c> and <c>'</c> are escaped by a backslash, and an element that is itself a
/// set or map is its text, quoted.
/// </summary>
public static class ColumnText
{
    public static string Encode(XenField field, XenObject row)
    {
        ArgumentNullException.ThrowIfNull(field);
        return Encode(ValueBuilder.Build(writer => field.Write(row, writer)));
    }

    /// <summary>The row with the field read from its text. Raises <see cref="ValueFormatException"/>.</summary>
    public static XenObject Decode(XenField field, XenObject row, string text)
    {
        ArgumentNullException.ThrowIfNull(field);
        return field.With(row, Decode(field.Type, text));
    }

    private static string Encode(Value value) => value switch
    {
        Value.Text text => text.Content,
        Value.Int number => number.Content.ToString(CultureInfo.InvariantCulture),
        Value.Float number => number.Content.ToString("G18", CultureInfo.InvariantCulture).Replace('E', 'e'),
        Value.Bool flag => flag.Content ? "true" : "false",
        Value.Date date => WireDate.Format(date.Content),
        Value.Array array => EncodeSet(array),
        Value.Struct map => EncodeMap(map),
        _ => "",
    };

    private static string EncodeSet(Value.Array array)
    {
        StringBuilder text = new("(");
        foreach (Value item in array.Items)
        {
            Quote(text.Length > 1 ? text.Append(' ') : text, Encode(item));
        }

        return text.Append(')').ToString();
    }

    private static string EncodeMap(Value.Struct map)
    {
        StringBuilder text = new("(");
        foreach ((string key, Value value) in map.Members)
        {
            Quote((text.Length > 1 ? text.Append(' ') : text).Append('('), key);
            Quote(text.Append(' '), Encode(value)).Append(')');
        }

        return text.Append(')').ToString();
    }

    private static StringBuilder Quote(StringBuilder text, string content) =>
        text.Append('\'').Append(content.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "\\'", StringComparison.Ordinal)).Append('\'');

    private static Value Decode(string type, string text)
    {
        if (type.EndsWith(" map", StringComparison.Ordinal))
        {
            int arrow = type.IndexOf("->", StringComparison.Ordinal);
            string element = type[(arrow + 2)..^") map".Length].Trim();
            Reader reader = new(text);
            return new Value.Struct(reader.Map(element));
        }

        if (type.EndsWith(" set", StringComparison.Ordinal))
        {
            Reader reader = new(text);
            return new Value.Array(reader.Set(type[..^" set".Length]));
        }

        return type switch
        {
            "bool" when text is "true" or "false" => new Value.Bool(text == "true"),
            "bool" => throw new ValueFormatException($"expected true or false, found \"{text}\""),
            _ => new Value.Text(text),
        };
    }

    private ref struct Reader(string text)
    {
        private int at;

        internal ImmutableArray<Value> Set(string element)
        {
            ImmutableArray<Value>.Builder items = ImmutableArray.CreateBuilder<Value>();
            for (Expect('('); !Ends();)
            {
                items.Add(Decode(element, Quoted()));
            }

            return Finished(items.DrainToImmutable());
        }

        internal ImmutableArray<KeyValuePair<string, Value>> Map(string element)
        {
            ImmutableArray<KeyValuePair<string, Value>>.Builder members = ImmutableArray.CreateBuilder<KeyValuePair<string, Value>>();
            for (Expect('('); !Ends();)
            {
                Expect('(');
                string key = Quoted();
                members.Add(new(key, Decode(element, Quoted())));
                Expect(')');
            }

            return Finished(members.DrainToImmutable());
        }

        private T Finished<T>(T result)
        {
            SkipBlanks();
            return at == text.Length ? result : throw Malformed();
        }

        private bool Ends()
        {
            SkipBlanks();
            if (at >= text.Length || text[at] != ')')
            {
                return false;
            }

            at++;
            return true;
        }

        private void Expect(char wanted)
        {
            SkipBlanks();
            if (at >= text.Length || text[at] != wanted)
            {
                throw Malformed();
            }

            at++;
        }

        private string Quoted()
        {
            Expect('\'');
            StringBuilder content = new();
            for (; at < text.Length; at++)
            {
                switch (text[at])
                {
                    case '\'':
                        at++;
                        return content.ToString();
                    case '\\' when at + 1 < text.Length:
                        content.Append(text[++at]);
                        break;
                    default:
                        content.Append(text[at]);
                        break;
                }
            }

            throw Malformed();
        }

        private void SkipBlanks()
        {
            while (at < text.Length && char.IsWhiteSpace(text[at]))
            {
                at++;
            }
        }

        private readonly ValueFormatException Malformed() => new($"malformed set or map at character {at}");
    }
}
