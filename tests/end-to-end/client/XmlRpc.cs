using System.Globalization;
using System.Xml.Linq;

namespace Toolstack.EndToEnd.Client;

/// <summary>XML-RPC as any client's library writes and reads it, on System.Xml.Linq: it shares no code with the daemons' own codec,
/// so the two can only agree by following the same wire.
/// Values are string, long, double, bool, <c>object[]</c> and <c>Dictionary&lt;string, object&gt;</c>.</summary>
internal static class XmlRpc
{
    internal static string WriteCall(string method, IEnumerable<object> parameters) =>
        new XElement("methodCall",
            new XElement("methodName", method),
            new XElement("params", parameters.Select(value => new XElement("param", Write(value))))).ToString(SaveOptions.DisableFormatting);

    /// <summary>The single value of a methodResponse. Raises <see cref="FormatException"/> for anything else.</summary>
    internal static object ReadResponse(string xml)
    {
        var value = XDocument.Parse(xml).Root?.Element("params")?.Element("param")?.Element("value");
        return value is null ? throw new FormatException("not an XML-RPC response: " + xml) : Read(value);
    }

    /// <summary>The value of an element <c>value</c>, as in the result of a finished task.</summary>
    internal static object Read(XElement value)
    {
        if (value.Elements().FirstOrDefault() is not { } typed)
        {
            return value.Value;
        }

        return typed.Name.LocalName switch
        {
            "string" or "dateTime.iso8601" => typed.Value,
            "int" or "i4" or "i8" => long.Parse(typed.Value, CultureInfo.InvariantCulture),
            "double" => double.Parse(typed.Value, CultureInfo.InvariantCulture),
            "boolean" => typed.Value == "1",
            "nil" => "",
            "array" => typed.Element("data")?.Elements("value").Select(Read).ToArray() ?? [],
            "struct" => typed.Elements("member").ToDictionary(
                member => member.Element("name")!.Value, member => Read(member.Element("value")!), StringComparer.Ordinal),
            var other => throw new FormatException("unknown XML-RPC type " + other),
        };
    }

    private static XElement Write(object value) => new("value", value switch
    {
        string text => new XElement("string", text),
        long number => new XElement("string", number.ToString(CultureInfo.InvariantCulture)),
        int number => new XElement("string", number.ToString(CultureInfo.InvariantCulture)),
        double number => new XElement("double", number.ToString("R", CultureInfo.InvariantCulture)),
        bool flag => new XElement("boolean", flag ? "1" : "0"),
        IEnumerable<KeyValuePair<string, object>> map => new XElement("struct", map.Select(member =>
            new XElement("member", new XElement("name", member.Key), Write(member.Value)))),
        IEnumerable<KeyValuePair<string, string>> map => new XElement("struct", map.Select(member =>
            new XElement("member", new XElement("name", member.Key), Write(member.Value)))),
        IEnumerable<object> items => new XElement("array", new XElement("data", items.Select(Write))),
        _ => throw new FormatException("cannot be written as XML-RPC: " + value.GetType()),
    });
}
