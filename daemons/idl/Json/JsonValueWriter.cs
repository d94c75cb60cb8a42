using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Toolstack.Idl.Json;

/// <summary>
/// Writes values as JSON, the way XenAPI's JSON-RPC and the original queue payloads do: integers and floats are numbers (a float always
/// shows a point or an exponent), dates are text without hyphens. What is no number (infinity, NaN) becomes null, which JSON can carry.
/// </summary>
public sealed class JsonValueWriter(Utf8JsonWriter json) : ValueWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly SharedFragments Fragments = new(Write);

    /// <summary>Runs typed code into <paramref name="output"/>.</summary>
    public static void Write(IBufferWriter<byte> output, Action<ValueWriter> write)
    {
        using Utf8JsonWriter json = new(output, Options);
        write(new JsonValueWriter(json));
        json.Flush();
    }

    /// <summary>The same a part at a time, as it is enumerated.</summary>
    public static IEnumerable<int> WriteParts(IBufferWriter<byte> output, Func<ValueWriter, IEnumerable<int>> parts)
    {
        using Utf8JsonWriter json = new(output, Options);
        foreach (int part in parts(new JsonValueWriter(json)))
        {
            json.Flush();
            yield return part;
        }

        json.Flush();
    }

    /// <summary>What typed code writes, as a string: JSON inside another value.</summary>
    public static string Text(Action<ValueWriter> write)
    {
        ArrayBufferWriter<byte> output = new();
        Write(output, write);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    public override void Shared(object key, Action<ValueWriter> write) => json.WriteRawValue(Fragments.Get(key, write), skipInputValidation: true);

    public override void Null() => json.WriteNullValue();

    public override void String(string value) => json.WriteStringValue(value);

    public override void Int(long value) => json.WriteNumberValue(value);

    public override void Float(double value)
    {
        if (!double.IsFinite(value))
        {
            json.WriteNullValue();
            return;
        }

        string text = value.ToString("R", CultureInfo.InvariantCulture);
        json.WriteRawValue(text.AsSpan().IndexOfAny('.', 'E') < 0 ? text + ".0" : text, skipInputValidation: true);
    }

    public override void Bool(bool value) => json.WriteBooleanValue(value);

    public override void BeginArray(int count) => json.WriteStartArray();

    public override void EndArray() => json.WriteEndArray();

    public override void BeginStruct(int count) => json.WriteStartObject();

    public override void Member(string name) => json.WritePropertyName(name);

    public override void Member(XenField field)
    {
        ArgumentNullException.ThrowIfNull(field);
        json.WritePropertyName(field.JsonName);
    }

    public override void EndStruct() => json.WriteEndObject();
}
