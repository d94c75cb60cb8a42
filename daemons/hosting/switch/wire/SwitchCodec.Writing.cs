using System.Buffers;
using System.Buffers.Binary;
using MessagePack;

namespace Toolstack.Hosting.Switch.Wire;

public static partial class SwitchCodec
{
    /// <summary>Writes one frame to <paramref name="output"/> and returns its size. <paramref name="scratch"/> is overwritten: fields are
    /// encoded there to learn their size, and the payload goes straight from its owner to the output.
    /// A sealed payload is named in the frame if <paramref name="sealedAllowed"/> (sending its descriptor is the caller's), else read and inlined.</summary>
    public static int WriteFrame(IBufferWriter<byte> output, ArrayBufferWriter<byte> scratch, SwitchMessage message, bool sealedAllowed)
    {
        ArgumentNullException.ThrowIfNull(output);
        ArgumentNullException.ThrowIfNull(scratch);
        scratch.ResetWrittenCount();
        var writer = new MessagePackWriter(scratch);
        var payload = WriteFields(ref writer, message, sealedAllowed).Span;
        writer.Flush();
        var length = scratch.WrittenCount + payload.Length;
        if (length > SwitchLimits.MaxFrameBytes)
        {
            throw Broken($"a frame of {length} bytes; allowed is up to {SwitchLimits.MaxFrameBytes} (MaxFrameBytes)");
        }

        BinaryPrimitives.WriteUInt32BigEndian(output.GetSpan(HeaderBytes), (uint)length);
        output.Advance(HeaderBytes);
        output.Write(scratch.WrittenSpan);
        output.Write(payload);
        return HeaderBytes + length;
    }

    private static ReadOnlyMemory<byte> WriteFields(ref MessagePackWriter writer, SwitchMessage message, bool sealedAllowed)
    {
        switch (message)
        {
            case Request m:
                BeginTraced(ref writer, Code.Request, 6, m.TraceContext);
                writer.Write(m.Queue);
                writer.Write(m.ReplyTo);
                writer.Write(m.Correlation);
                writer.Write(m.DeadlineMs);
                return Payload(ref writer, m.Payload, sealedAllowed);
            case Response m:
                Begin(ref writer, Code.Response, 5);
                writer.Write(m.ReplyTo);
                writer.Write(m.Correlation);
                Error(ref writer, m.Error);
                return Payload(ref writer, m.Payload, sealedAllowed);
            case RequestDelivery m:
                BeginTraced(ref writer, Code.RequestDelivery, 8, m.TraceContext);
                writer.Write(m.Queue);
                Id(ref writer, m.Id);
                writer.Write(m.Redelivered);
                writer.Write(m.ReplyTo);
                writer.Write(m.Correlation);
                writer.Write(m.DeadlineMs);
                return Payload(ref writer, m.Payload, sealedAllowed);
            case ResponseDelivery m:
                Begin(ref writer, Code.ResponseDelivery, 6);
                writer.Write(m.Queue);
                Id(ref writer, m.Id);
                writer.Write(m.Correlation);
                Error(ref writer, m.Error);
                return Payload(ref writer, m.Payload, sealedAllowed);
            case Acknowledge m:
                Begin(ref writer, Code.Acknowledge, 3);
                writer.Write(m.Queue);
                Id(ref writer, m.Id);
                return default;
            case Return m:
                Begin(ref writer, Code.Return, 3);
                writer.Write(m.Queue);
                Id(ref writer, m.Id);
                return default;
            case Store m:
                Begin(ref writer, Code.Store, 4);
                writer.Write(m.Sequence);
                writer.Write(m.Queue);
                return Payload(ref writer, m.Payload, sealedAllowed);
            case Report m:
                Begin(ref writer, Code.Report, 3);
                writer.Write(m.Sequence);
                return Payload(ref writer, m.Payload, sealedAllowed);
            default:
                WriteControl(ref writer, message);
                return default;
        }
    }

    private static void WriteControl(ref MessagePackWriter writer, SwitchMessage message)
    {
        switch (message)
        {
            case Hello m:
                Begin(ref writer, Code.Hello, 4);
                writer.Write(m.Version);
                writer.Write(m.Features);
                writer.Write(m.ClientName);
                break;
            case Welcome m:
                Begin(ref writer, Code.Welcome, 4);
                writer.Write(m.Version);
                writer.Write(m.Features);
                writer.Write(m.Incarnation);
                break;
            case Refusal m:
                Begin(ref writer, Code.Refusal, 3);
                writer.Write((int)m.Kind);
                writer.Write(Short(m.Text));
                break;
            case Cancel m:
                Begin(ref writer, Code.Cancel, 4);
                writer.Write(m.Queue);
                writer.Write(m.ReplyTo);
                writer.Write(m.Correlation);
                break;
            case Cancelled m:
                Begin(ref writer, Code.Cancelled, 3);
                writer.Write(m.Queue);
                Id(ref writer, m.Id);
                break;
            case Stored m:
                Begin(ref writer, Code.Stored, 3);
                writer.Write(m.Sequence);
                Id(ref writer, m.Id);
                break;
            case SubscriptionEnded m:
                Begin(ref writer, Code.SubscriptionEnded, 2);
                writer.Write(m.Queue);
                break;
            case CommandResult m:
                Begin(ref writer, Code.CommandResult, 4);
                writer.Write(m.Sequence);
                Error(ref writer, m.Error);
                writer.Write(Short(m.Text));
                break;
            case QueueList m:
                Begin(ref writer, Code.QueueList, 3);
                writer.Write(m.Sequence);
                Statuses(ref writer, m.Queues);
                break;
            case SwitchCommand m:
                WriteCommand(ref writer, m);
                break;
            default:
                throw new ArgumentException($"no frame for {message.GetType().Name}", nameof(message));
        }
    }

    private static void WriteCommand(ref MessagePackWriter writer, SwitchCommand command)
    {
        switch (command)
        {
            case CreateQueue m:
                Begin(ref writer, Code.CreateQueue, 4);
                writer.Write(m.Sequence);
                writer.Write(m.Queue);
                writer.Write(m.Transient);
                break;
            case DestroyQueue m:
                Begin(ref writer, Code.DestroyQueue, 3);
                writer.Write(m.Sequence);
                writer.Write(m.Queue);
                break;
            case Subscribe m:
                Begin(ref writer, Code.Subscribe, m.Broadcast ? 5 : 4);
                writer.Write(m.Sequence);
                writer.Write(m.Queue);
                writer.Write(m.Window);
                Only(ref writer, m.Broadcast);
                break;
            case Unsubscribe m:
                Begin(ref writer, Code.Unsubscribe, 3);
                writer.Write(m.Sequence);
                writer.Write(m.Queue);
                break;
            case ListQueues m:
                Begin(ref writer, Code.ListQueues, m.Alive ? 4 : 3);
                writer.Write(m.Sequence);
                writer.Write(m.Prefix);
                Only(ref writer, m.Alive);
                break;
            case Diagnose m:
                Begin(ref writer, Code.Diagnose, 2);
                writer.Write(m.Sequence);
                break;
            case FollowTrace m:
                Begin(ref writer, Code.FollowTrace, 4);
                writer.Write(m.Sequence);
                writer.Write(m.From);
                writer.Write(m.TimeoutMs);
                break;
            default:
                throw new ArgumentException($"no frame for {command.GetType().Name}", nameof(command));
        }
    }

    /// <summary>The array of kind and fields; a payload counts as one field that is itself an array of its kind and bytes.</summary>
    private static void Begin(ref MessagePackWriter writer, Code code, int elements)
    {
        writer.WriteArrayHeader(elements);
        writer.Write((int)code);
    }

    /// <summary>A trace context, where there is one, stands before the other fields, since a payload ends the frame.</summary>
    private static void BeginTraced(ref MessagePackWriter writer, Code code, int elements, string traceContext)
    {
        var traced = traceContext.Length > 0;
        Begin(ref writer, code, traced ? elements + 1 : elements);
        if (traced)
        {
            writer.Write(traceContext);
        }
    }

    private static ReadOnlyMemory<byte> Payload(ref MessagePackWriter writer, SwitchPayload payload, bool sealedAllowed)
    {
        writer.WriteArrayHeader(2);
        if (sealedAllowed && payload.Sealed is not null)
        {
            writer.Write((int)PayloadKind.SealedMemfd);
            writer.Write(payload.Length);
            return default;
        }

        var bytes = payload.Bytes;
        writer.Write((int)PayloadKind.Inline);
        writer.WriteBinHeader(bytes.Length);
        return bytes;
    }

    /// <summary>A choice that is written only when it is made.</summary>
    private static void Only(ref MessagePackWriter writer, bool chosen)
    {
        if (chosen)
        {
            writer.Write(true);
        }
    }

    private static void Id(ref MessagePackWriter writer, MessageId id)
    {
        writer.WriteArrayHeader(2);
        writer.Write(id.Incarnation);
        writer.Write(id.Number);
    }

    private static void Error(ref MessagePackWriter writer, SwitchErrorKind? error) => writer.Write(error is { } kind ? (int)kind : 0);

    private static void Statuses(ref MessagePackWriter writer, IReadOnlyList<QueueStatus> queues)
    {
        writer.WriteArrayHeader(queues.Count);
        foreach (var queue in queues)
        {
            writer.WriteArrayHeader(6);
            writer.Write(queue.Name);
            writer.Write(queue.Transient);
            writer.Write(queue.Consumers);
            writer.Write(queue.Waiting);
            writer.Write(queue.Unacknowledged);
            writer.Write(queue.Bytes);
        }
    }

    private static string Short(string text) =>
        text.Length <= SwitchLimits.MaxErrorTextLength ? text : text[..SwitchLimits.MaxErrorTextLength];
}
