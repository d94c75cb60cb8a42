using System.Buffers;
using System.Globalization;
using System.Text;

namespace Toolstack.Xapi.Database;

/// <summary>The tags of an XML document that has no text of its own: names and attributes. Comments and instructions are passed over, a
/// document type is refused.</summary>
internal ref struct StateXmlScanner(ReadOnlySpan<char> document)
{
    private static readonly SearchValues<char> NameEnd = SearchValues.Create(" \t\r\n/>=<\"");

    private readonly ReadOnlySpan<char> document = document;
    private int at;

    /// <summary>The next tag: its name, <paramref name="closing"/> for <c>&lt;/x&gt;</c>, <paramref name="empty"/> for <c>&lt;x/&gt;</c>, its
    /// attributes with entities resolved. Null at the end. Raises FormatException.</summary>
    internal string? Next(Dictionary<string, string> attributes, out bool closing, out bool empty)
    {
        attributes.Clear();
        closing = empty = false;
        SkipMisc();
        if (at == document.Length)
        {
            return null;
        }

        Expect('<');
        closing = Take('/');
        string name = Name();
        SkipBlanks();
        while (!Take('>'))
        {
            if (Take('/'))
            {
                Expect('>');
                empty = true;
                break;
            }

            string attribute = Name();
            SkipBlanks();
            Expect('=');
            SkipBlanks();
            attributes[attribute] = Value();
            SkipBlanks();
        }

        return name;
    }

    private void SkipMisc()
    {
        while (true)
        {
            SkipBlanks();
            ReadOnlySpan<char> rest = document[at..];
            string? end = rest.StartsWith("<?") ? "?>" : rest.StartsWith("<!--") ? "-->" : null;
            if (end is null)
            {
                if (rest.StartsWith("<!"))
                {
                    throw Wrong("document types are not accepted");
                }

                return;
            }

            int length = rest.IndexOf(end);
            at += length < 0 ? throw Wrong("unfinished comment or instruction") : length + end.Length;
        }
    }

    private string Name()
    {
        int length = document[at..].IndexOfAny(NameEnd);
        if (length <= 0)
        {
            throw Wrong("expected a name");
        }

        at += length;
        return document.Slice(at - length, length).ToString();
    }

    private string Value()
    {
        char quote = at < document.Length ? document[at] : '\0';
        if (quote is not ('"' or '\''))
        {
            throw Wrong("expected an attribute value");
        }

        at++;
        int length = document[at..].IndexOf(quote);
        if (length < 0)
        {
            throw Wrong("unfinished attribute value");
        }

        ReadOnlySpan<char> raw = document.Slice(at, length);
        string value = raw.Contains('&') ? Resolve(raw) : raw.ToString();
        at += length + 1;
        return value;
    }

    private readonly string Resolve(ReadOnlySpan<char> raw)
    {
        var text = new StringBuilder(raw.Length);
        while (!raw.IsEmpty)
        {
            int entity = raw.IndexOf('&');
            text.Append(entity < 0 ? raw : raw[..entity]);
            raw = entity < 0 ? [] : raw[entity..];
            if (raw.IsEmpty)
            {
                break;
            }

            int end = raw.IndexOf(';');
            text.Append(end < 0 ? throw Wrong("unfinished entity") : Entity(raw[1..end]));
            raw = raw[(end + 1)..];
        }

        return text.ToString();
    }

    private readonly string Entity(ReadOnlySpan<char> name)
    {
        if (name is ['#', 'x', .. var hex] && int.TryParse(hex, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out int code)
            || name is ['#', .. var digits] && int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out code))
        {
            return Rune.IsValid(code) ? new Rune(code).ToString() : throw Wrong("numeric entity beyond Unicode");
        }

        return name switch
        {
            "lt" => "<",
            "gt" => ">",
            "amp" => "&",
            "quot" => "\"",
            "apos" => "'",
            _ => throw Wrong($"entity &{name}; is not defined"),
        };
    }

    private void SkipBlanks()
    {
        int text = document[at..].IndexOfAnyExcept(" \t\r\n");
        at = text < 0 ? document.Length : at + text;
    }

    private bool Take(char c)
    {
        bool there = at < document.Length && document[at] == c;
        at += there ? 1 : 0;
        return there;
    }

    private void Expect(char wanted)
    {
        if (!Take(wanted))
        {
            throw Wrong($"expected '{wanted}'");
        }
    }

    private readonly FormatException Wrong(string problem) => new($"{problem} at character {at}");
}
