using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Toolstack.MessageSwitch;

/// <summary>The JSON bodies of the original protocol's responses.</summary>
internal static class CompatAnswers
{
    internal static ReadOnlyMemory<byte> Names(IReadOnlyList<string> names) =>
        new CompatJson().Raw("["u8).Each(names, static (json, name) => json.Text(name)).Raw("]"u8).Written;

    /// <summary>An optional message id: an array of none or one.</summary>
    internal static ReadOnlyMemory<byte> Sent(string queue, long? number) =>
        (number is { } accepted ? Id(new CompatJson().Raw("["u8), queue, accepted).Raw("]"u8) : new CompatJson().Raw("[]"u8)).Written;

    internal static ReadOnlyMemory<byte> Transferred(Transferred found)
    {
        var json = new CompatJson().Raw("{\"messages\":["u8).Each(found.Messages, static (json, message) =>
        {
            Id(json.Raw("["u8), message.Queue, message.Number).Raw(","u8);
            Message(json, message).Raw("]"u8);
        });
        return json.Raw("],\"next\":"u8).Text(found.Next.ToString(System.Globalization.CultureInfo.InvariantCulture)).Raw("}"u8).Written;
    }

    internal static ReadOnlyMemory<byte> Diagnostics(IReadOnlyList<QueueView> queues)
    {
        var json = new CompatJson().Raw("{\"start_time\":0,\"current_time\":"u8).Number(Nanoseconds.Now);
        json.Raw(",\"permanent_queues\":{"u8).Each(queues.Where(static queue => !queue.Transient), Queue);
        json.Raw("},\"transient_queues\":{"u8).Each(queues.Where(static queue => queue.Transient), Queue);
        return json.Raw("}}"u8).Written;
    }

    internal static ReadOnlyMemory<byte> Events(IReadOnlyList<TraceEvent> events, int truncate) =>
        new CompatJson().Raw("{\"events\":["u8).Each(events, (json, happened) => Event(json, happened, truncate)).Raw("]}"u8).Written;

    private static CompatJson Id(CompatJson json, string queue, long number) =>
        json.Raw("["u8).Text(queue).Raw(","u8).Number(number).Raw("]"u8);

    private static CompatJson Message(CompatJson json, MessageView message)
    {
        json.Raw("{\"payload\":"u8).Text(message.Error is null ? message.Payload.Span : Failure(message.Payload.Span));
        json.Raw(",\"kind\":"u8);
        if (message.ReplyName is { } replyName)
        {
            json.Raw("[\"Request\","u8).Text(replyName).Raw("]"u8);
        }
        else
        {
            Id(json.Raw("[\"Response\","u8), message.Answered.Queue, message.Answered.Number).Raw("]"u8);
        }

        return json.Raw("}"u8);
    }

    /// <summary>An error for a caller that knows only payloads, in the form that all of them read: a JSON-RPC failure.</summary>
    private static ReadOnlySpan<byte> Failure(ReadOnlySpan<byte> text) =>
        new CompatJson().Raw("{\"result\":null,\"error\":[\"Internal_error\","u8).Text(text).Raw("],\"id\":0}"u8).Written.Span;

    private static void Queue(CompatJson json, QueueView queue)
    {
        json.Text(queue.Name).Raw(":{"u8);
        if (queue.NextTransfer is { } expected)
        {
            json.Raw("\"next_transfer_expected\":"u8).Number(expected).Raw(","u8);
        }

        json.Raw("\"queue_contents\":["u8).Each(queue.Contents, static (json, message) =>
        {
            Id(json.Raw("["u8), message.Queue, message.Number).Raw(",{\"origin\":[\"Name\","u8).Text(message.Origin);
            json.Raw("],\"time\":"u8).Number(message.Arrived).Raw(",\"message\":"u8);
            Message(json, message).Raw("}]"u8);
        });
        json.Raw("]}"u8);
    }

    private static void Event(CompatJson json, TraceEvent happened, int truncate)
    {
        var queue = happened.Message.Queue.Name;
        json.Raw("["u8).Number(happened.Id).Raw(",{\"time\":"u8).Float((happened.Time - DateTime.UnixEpoch).TotalSeconds);
        if (happened.Input is { } input)
        {
            json.Raw(",\"input\":"u8).Text(input);
        }

        json.Raw(",\"queue\":"u8).Text(queue);
        if (happened.Output is { } output)
        {
            json.Raw(",\"output\":"u8).Text(output);
        }

        json.Raw(",\"message\":"u8);
        if (happened.Acknowledged)
        {
            Id(json.Raw("[\"Ack\","u8), queue, happened.Message.Number).Raw("]"u8);
        }
        else
        {
            // Sealed memory may be gone: what was in it is not shown.
            var payload = happened.Message.Payload.Sealed is null ? happened.Message.Payload.Bytes : "…"u8.ToArray();
            var view = MessageView.Of(happened.Message, withPayload: false) with { Payload = Shorten(payload, truncate) };
            Id(json.Raw("[\"Message\","u8), queue, happened.Message.Number).Raw(","u8);
            Message(json, view).Raw("]"u8);
        }

        if (happened.Took is { } took)
        {
            json.Raw(",\"processing_time\":"u8).Number(took);
        }

        json.Raw("}]"u8);
    }

    /// <summary>A payload with its long texts cut; one that is not JSON is itself such a text.</summary>
    private static ReadOnlyMemory<byte> Shorten(ReadOnlyMemory<byte> payload, int limit)
    {
        if (payload.Length <= limit)
        {
            return payload;
        }

        var output = new ArrayBufferWriter<byte>();
        try
        {
            using var writer = new Utf8JsonWriter(output, new JsonWriterOptions { SkipValidation = true });
            var reader = new Utf8JsonReader(payload.Span);
            while (reader.Read())
            {
                Copy(ref reader, writer, limit);
            }

            writer.Flush();
            return output.WrittenMemory;
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return (byte[])[.. payload.Span[..limit], .. "…"u8];
        }
    }

    private static void Copy(ref Utf8JsonReader reader, Utf8JsonWriter writer, int limit)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                writer.WriteStartObject();
                break;
            case JsonTokenType.EndObject:
                writer.WriteEndObject();
                break;
            case JsonTokenType.StartArray:
                writer.WriteStartArray();
                break;
            case JsonTokenType.EndArray:
                writer.WriteEndArray();
                break;
            case JsonTokenType.PropertyName:
                writer.WritePropertyName(reader.GetString() ?? "");
                break;
            case JsonTokenType.String when reader.GetString() is { } text:
                writer.WriteStringValue(text.Length <= limit ? text : text[..limit] + "…");
                break;
            default:
                writer.WriteRawValue(Encoding.UTF8.GetString(reader.ValueSpan), skipInputValidation: true);
                break;
        }
    }
}
