using System.Collections.Immutable;
using System.Xml;
using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>The characters that the database takes: those of XML 1.0, since a dump of it is XML. A text ends before the first other one,
/// lone surrogates included.</summary>
internal static class LegalText
{
    internal static bool IsLegal(string text) => LegalLength(text) == text.Length;

    internal static string Cut(string text) => LegalLength(text) is int length && length < text.Length ? text[..length] : text;

    /// <summary>The value with each text cut. Names of members are texts too.</summary>
    internal static Value Cut(Value value) => value switch
    {
        Value.Text text => IsLegal(text.Content) ? text : new Value.Text(Cut(text.Content)),
        Value.Array array => new Value.Array([.. array.Items.Select(Cut)]),
        Value.Struct map => new Value.Struct([.. map.Members.Select(static m => KeyValuePair.Create(Cut(m.Key), Cut(m.Value))).DistinctBy(static m => m.Key)]),
        _ => value,
    };

    private static int LegalLength(string text)
    {
        for (int at = 0; at < text.Length; at++)
        {
            if (XmlConvert.IsXmlChar(text[at]))
            {
                continue;
            }

            if (at + 1 < text.Length && char.IsSurrogatePair(text[at], text[at + 1]))
            {
                at++;
                continue;
            }

            return at;
        }

        return text.Length;
    }
}
