using System.Buffers;
using System.Text;
using MessagePack;
using Microsoft.Win32.SafeHandles;

namespace Toolstack.Hosting.Switch.Wire;

public static partial class SwitchCodec
{
    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    private static SwitchMessage ReadMessage(ref MessagePackReader reader, List<SafeFileHandle> descriptors)
    {
        var elements = reader.ReadArrayHeader();
        if (elements < 1)
        {
            throw Broken("an empty message");
        }

        var code = (Code)reader.ReadInt32();
        return (code, elements) switch
        {
            (Code.Request, 6) => ReadRequest(ref reader, descriptors, ""),
            (Code.Request, 7) => ReadRequest(ref reader, descriptors, Name(ref reader)),
            (Code.Response, 5) => new Response(Name(ref reader), reader.ReadInt64(), Error(ref reader), Payload(ref reader, descriptors)),
            (Code.RequestDelivery, 8) => ReadDelivery(ref reader, descriptors, ""),
            (Code.RequestDelivery, 9) => ReadDelivery(ref reader, descriptors, Name(ref reader)),
            (Code.ResponseDelivery, 6) => new ResponseDelivery(Name(ref reader), Id(ref reader), reader.ReadInt64(), Error(ref reader),
                Payload(ref reader, descriptors)),
            (Code.Acknowledge, 3) => new Acknowledge(Name(ref reader), Id(ref reader)),
            (Code.Return, 3) => new Return(Name(ref reader), Id(ref reader)),
            (Code.SubscriptionEnded, 2) => new SubscriptionEnded(Name(ref reader)),
            (Code.CreateQueue, 4) => new CreateQueue(reader.ReadInt64(), Name(ref reader), reader.ReadBoolean()),
            (Code.DestroyQueue, 3) => new DestroyQueue(reader.ReadInt64(), Name(ref reader)),
            (Code.Subscribe, 4) => new Subscribe(reader.ReadInt64(), Name(ref reader), reader.ReadInt32()),
            (Code.Subscribe, 5) => new Subscribe(reader.ReadInt64(), Name(ref reader), reader.ReadInt32()) { Broadcast = reader.ReadBoolean() },
            (Code.Unsubscribe, 3) => new Unsubscribe(reader.ReadInt64(), Name(ref reader)),
            (Code.ListQueues, 3) => new ListQueues(reader.ReadInt64(), Name(ref reader)),
            (Code.ListQueues, 4) => new ListQueues(reader.ReadInt64(), Name(ref reader)) { Alive = reader.ReadBoolean() },
            (Code.Cancel, 4) => new Cancel(Name(ref reader), Name(ref reader), reader.ReadInt64()),
            (Code.Cancelled, 3) => new Cancelled(Name(ref reader), Id(ref reader)),
            (Code.Diagnose, 2) => new Diagnose(reader.ReadInt64()),
            (Code.FollowTrace, 4) => new FollowTrace(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64()),
            (Code.Report, 3) => new Report(reader.ReadInt64(), Payload(ref reader, descriptors)),
            (Code.Store, 4) => new Store(reader.ReadInt64(), Name(ref reader), Payload(ref reader, descriptors)),
            (Code.Stored, 3) => new Stored(reader.ReadInt64(), Id(ref reader)),
            (Code.CommandResult, 4) => new CommandResult(reader.ReadInt64(), Error(ref reader), ErrorText(ref reader)),
            (Code.QueueList, 3) => new QueueList(reader.ReadInt64(), Statuses(ref reader)),
            (Code.Hello, >= 4) => ReadHello(ref reader, elements),
            (Code.Welcome, 4) => new Welcome(reader.ReadInt32(), reader.ReadInt64(), reader.ReadInt64()),
            (Code.Refusal, 3) => new Refusal(Error(ref reader) ?? SwitchErrorKind.Protocol, ErrorText(ref reader)),
            _ => throw Broken($"message kind {(int)code} with {elements} elements"),
        };
    }

    private static Request ReadRequest(ref MessagePackReader reader, List<SafeFileHandle> descriptors, string traceContext) =>
        new(Name(ref reader), Name(ref reader), reader.ReadInt64(), reader.ReadInt64(), Payload(ref reader, descriptors))
        {
            TraceContext = traceContext,
        };

    private static RequestDelivery ReadDelivery(ref MessagePackReader reader, List<SafeFileHandle> descriptors, string traceContext) =>
        new(Name(ref reader), Id(ref reader), reader.ReadBoolean(), Name(ref reader), reader.ReadInt64(), reader.ReadInt64(),
            Payload(ref reader, descriptors))
        {
            TraceContext = traceContext,
        };

    /// <summary>A later version may say more in its hello; it is read so far that it can be refused by its number.</summary>
    private static Hello ReadHello(ref MessagePackReader reader, int elements)
    {
        var hello = new Hello(reader.ReadInt32(), reader.ReadInt64(), Name(ref reader));
        for (var extra = 4; extra < elements; extra++)
        {
            reader.Skip();
        }

        return hello;
    }

    private static string Name(ref MessagePackReader reader) => Text(ref reader, SwitchLimits.MaxNameBytes, nameof(SwitchLimits.MaxNameBytes));

    private static string ErrorText(ref MessagePackReader reader) =>
        Text(ref reader, SwitchLimits.MaxErrorTextLength * 4, nameof(SwitchLimits.MaxErrorTextLength));

    private static string Text(ref MessagePackReader reader, int maxBytes, string limit)
    {
        var bytes = reader.ReadStringSequence() ?? throw Broken("nil where a text is expected");
        return bytes.Length <= maxBytes
            ? StrictUtf8.GetString(bytes)
            : throw Broken($"a text of {bytes.Length} bytes; allowed is up to {maxBytes} ({limit})");
    }

    private static MessageId Id(ref MessagePackReader reader)
    {
        Elements(ref reader, 2, "a message id");
        return new MessageId(reader.ReadInt64(), reader.ReadInt64());
    }

    private static SwitchErrorKind? Error(ref MessagePackReader reader)
    {
        var code = reader.ReadInt32();
        return code == 0 ? null : Enum.IsDefined((SwitchErrorKind)code) ? (SwitchErrorKind)code : throw Broken($"error code {code}");
    }

    private static SwitchPayload Payload(ref MessagePackReader reader, List<SafeFileHandle> descriptors)
    {
        Elements(ref reader, 2, "a payload");
        var kind = (PayloadKind)reader.ReadInt32();
        if (kind == PayloadKind.SealedMemfd)
        {
            var length = reader.ReadInt64();
            if (descriptors.Count == 0)
            {
                throw Broken("a sealed payload without its descriptor");
            }

            var handle = descriptors[0];
            descriptors.RemoveAt(0);
            return new SwitchPayload(SealedPayload.Receive(handle, length));
        }

        if (kind != PayloadKind.Inline)
        {
            throw Broken($"payload kind {(int)kind}");
        }

        var bytes = reader.ReadBytes() ?? throw Broken("nil where a payload is expected");
        return bytes.Length <= SwitchLimits.MaxPayloadBytes
            ? new SwitchPayload(bytes.ToArray())
            : throw Broken($"a payload of {bytes.Length} bytes; allowed is up to {SwitchLimits.MaxPayloadBytes} (MaxPayloadBytes)");
    }

    private static List<QueueStatus> Statuses(ref MessagePackReader reader)
    {
        var count = reader.ReadArrayHeader();
        if (count > SwitchLimits.MaxQueues)
        {
            throw Broken($"a list of {count} queues; allowed is up to {SwitchLimits.MaxQueues} (MaxQueues)");
        }

        var queues = new List<QueueStatus>(count);
        for (var index = 0; index < count; index++)
        {
            Elements(ref reader, 6, "a queue's state");
            queues.Add(new QueueStatus(
                Name(ref reader), reader.ReadBoolean(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt32(), reader.ReadInt64()));
        }

        return queues;
    }

    private static void Elements(ref MessagePackReader reader, int expected, string what)
    {
        if (reader.ReadArrayHeader() is var found && found != expected)
        {
            throw Broken($"{what} of {found} elements");
        }
    }
}
