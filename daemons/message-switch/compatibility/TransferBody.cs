using System.Text.Json;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>The body of a transfer: <c>{"from": "cursor", "timeout": seconds, "queues": [names]}</c>, keys in any case and order, others ignored;
/// without <c>from</c> it starts at the beginning.</summary>
internal static class TransferBody
{
    /// <summary>Raises <see cref="FormatException"/>.</summary>
    internal static TransferRequest Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body.Span);
            return Read(ref reader);
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            throw new FormatException("not the body of a transfer", error);
        }
    }

    private static TransferRequest Read(ref Utf8JsonReader reader)
    {
        var cursor = -1L;
        TimeSpan? timeout = null;
        List<string>? queues = null;
        Expect(ref reader, JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var key = reader.GetString()?.ToLowerInvariant();
            reader.Read();
            switch (key)
            {
                case "from" when reader.TokenType == JsonTokenType.String:
                    cursor = OcamlNumbers.Int64(reader.GetString() ?? "");
                    break;
                case "timeout":
                    timeout = reader.TokenType == JsonTokenType.String
                        ? OcamlNumbers.Seconds(reader.GetString() ?? "")
                        : OcamlNumbers.Wait(reader.GetDouble());
                    break;
                case "queues":
                    queues = Names(ref reader);
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return timeout is { } wait && queues is not null
            ? new TransferRequest(cursor, wait, queues)
            : throw new FormatException("a transfer without timeout or queues");
    }

    private static List<string> Names(ref Utf8JsonReader reader)
    {
        var names = new List<string>();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new FormatException("queues is not an array");
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var name = reader.GetString();
            if (string.IsNullOrEmpty(name) || System.Text.Encoding.UTF8.GetByteCount(name) > SwitchLimits.MaxNameBytes
                || names.Count == CompatLimits.MaxTransferQueues)
            {
                throw new FormatException($"a queue without a name, a name of more than {SwitchLimits.MaxNameBytes} bytes (MaxNameBytes), "
                    + $"or more than {CompatLimits.MaxTransferQueues} queues (MaxTransferQueues)");
            }

            names.Add(name);
        }

        return names;
    }

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType type)
    {
        if (!reader.Read() || reader.TokenType != type)
        {
            throw new FormatException("not an object");
        }
    }
}
