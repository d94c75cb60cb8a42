using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Toolstack.Hosting;

/// <summary>Spans as a request to export them: OTLP 1.x, JSON encoding of ExportTraceServiceRequest (ids in hexadecimal, 64-bit numbers as
/// texts). Written by hand because the whole of it is one page, and a library for it would double the switch.</summary>
internal static class OtlpJson
{
    internal static void Write(IBufferWriter<byte> output, string daemon, string version, IReadOnlyList<Activity> spans)
    {
        using var json = new Utf8JsonWriter(output);
        json.WriteStartObject();
        json.WriteStartArray("resourceSpans");
        json.WriteStartObject();
        json.WriteStartObject("resource");
        json.WriteStartArray("attributes");
        Attribute(json, "service.name", daemon);
        Attribute(json, "service.version", version);
        Attribute(json, "service.instance.id", Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        Attribute(json, "host.name", Environment.MachineName);
        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteStartArray("scopeSpans");
        foreach (var source in spans.GroupBy(static span => span.Source.Name))
        {
            json.WriteStartObject();
            json.WriteStartObject("scope");
            json.WriteString("name", source.Key);
            json.WriteEndObject();
            json.WriteStartArray("spans");
            foreach (var span in source)
            {
                Span(json, span);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Span(Utf8JsonWriter json, Activity span)
    {
        json.WriteStartObject();
        json.WriteString("traceId", span.TraceId.ToHexString());
        json.WriteString("spanId", span.SpanId.ToHexString());
        if (span.ParentSpanId != default)
        {
            json.WriteString("parentSpanId", span.ParentSpanId.ToHexString());
        }

        json.WriteString("name", span.DisplayName);
        json.WriteNumber("kind", (int)span.Kind + 1);
        json.WriteString("startTimeUnixNano", Nanoseconds(span.StartTimeUtc));
        json.WriteString("endTimeUnixNano", Nanoseconds(span.StartTimeUtc + span.Duration));
        json.WriteStartArray("attributes");
        foreach (var (key, value) in span.TagObjects)
        {
            Attribute(json, key, Convert.ToString(value, CultureInfo.InvariantCulture) ?? "");
        }

        json.WriteEndArray();
        if (span.Status != ActivityStatusCode.Unset)
        {
            json.WriteStartObject("status");
            json.WriteNumber("code", (int)span.Status);
            if (span.StatusDescription is { } description)
            {
                json.WriteString("message", description);
            }

            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void Attribute(Utf8JsonWriter json, string key, string value)
    {
        json.WriteStartObject();
        json.WriteString("key", key);
        json.WriteStartObject("value");
        json.WriteString("stringValue", value);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static string Nanoseconds(DateTime utc) =>
        ((utc - DateTime.UnixEpoch).Ticks * TimeSpan.NanosecondsPerTick).ToString(CultureInfo.InvariantCulture);
}
