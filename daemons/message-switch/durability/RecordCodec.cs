using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;
using MessagePack;

namespace Toolstack.MessageSwitch;

/// <summary>Records of the journal and the snapshot: four bytes of length and four of CRC-32C (both little-endian), then MessagePack: an array whose
/// first element is the kind. A record that is cut short or damaged ends what can be read.</summary>
internal static class RecordCodec
{
    private const int HeaderBytes = 8;

    private enum Code
    {
        QueueMade = 1,
        QueueGone = 2,
        MessageKept = 3,
        MessageDone = 4,
        NumbersUsed = 5,
    }

    internal static void Write(ArrayBufferWriter<byte> output, ArrayBufferWriter<byte> scratch, StoredRecord record)
    {
        scratch.ResetWrittenCount();
        var writer = new MessagePackWriter(scratch);
        WriteFields(ref writer, record);
        writer.Flush();
        var header = output.GetSpan(HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header, scratch.WrittenCount);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], Checksum(scratch.WrittenSpan));
        output.Advance(HeaderBytes);
        output.Write(scratch.WrittenSpan);
    }

    /// <summary>Reads records from the start of <paramref name="file"/> and gives how many of its bytes are good.</summary>
    internal static int ReadAll(ReadOnlyMemory<byte> file, Action<StoredRecord> found)
    {
        var good = 0;
        while (file.Length - good >= HeaderBytes)
        {
            var header = file.Span.Slice(good, HeaderBytes);
            var length = BinaryPrimitives.ReadInt32LittleEndian(header);
            if (length <= 0 || length > file.Length - good - HeaderBytes)
            {
                break;
            }

            var body = file.Slice(good + HeaderBytes, length);
            if (Checksum(body.Span) != BinaryPrimitives.ReadUInt32LittleEndian(header[4..]))
            {
                break;
            }

            found(Read(body));
            good += HeaderBytes + length;
        }

        return good;
    }

    private static void WriteFields(ref MessagePackWriter writer, StoredRecord record)
    {
        switch (record)
        {
            case QueueMade m:
                Begin(ref writer, Code.QueueMade, 2);
                writer.Write(m.Queue);
                break;
            case QueueGone m:
                Begin(ref writer, Code.QueueGone, 2);
                writer.Write(m.Queue);
                break;
            case MessageKept m:
                Begin(ref writer, Code.MessageKept, 8);
                writer.Write(m.Number);
                writer.Write(m.Queue);
                writer.Write(m.ReplyName);
                writer.Write(m.Answered.Queue);
                writer.Write(m.Answered.Number);
                writer.Write(m.Origin);
                writer.Write(m.Payload.Span);
                break;
            case MessageDone m:
                Begin(ref writer, Code.MessageDone, 3);
                writer.Write(m.Queue);
                writer.Write(m.Number);
                break;
            case NumbersUsed m:
                Begin(ref writer, Code.NumbersUsed, 2);
                writer.Write(m.Last);
                break;
            default:
                throw new InvalidOperationException($"no record for {record.GetType().Name}");
        }
    }

    private static StoredRecord Read(ReadOnlyMemory<byte> body)
    {
        var reader = new MessagePackReader(body);
        var elements = reader.ReadArrayHeader();
        return ((Code)reader.ReadInt32(), elements) switch
        {
            (Code.QueueMade, 2) => new QueueMade(Text(ref reader)),
            (Code.QueueGone, 2) => new QueueGone(Text(ref reader)),
            (Code.MessageKept, 8) => new MessageKept(reader.ReadInt64(), Text(ref reader), reader.ReadString(),
                new RequestKey(reader.ReadString() ?? "", reader.ReadInt64()), Text(ref reader), reader.ReadBytes()?.ToArray()),
            (Code.MessageDone, 3) => new MessageDone(Text(ref reader), reader.ReadInt64()),
            (Code.NumbersUsed, 2) => new NumbersUsed(reader.ReadInt64()),
            var (code, _) => throw new InvalidDataException($"record kind {(int)code} with {elements} elements: written by a later version?"),
        };
    }

    private static string Text(ref MessagePackReader reader) => reader.ReadString() ?? "";

    private static void Begin(ref MessagePackWriter writer, Code code, int elements)
    {
        writer.WriteArrayHeader(elements);
        writer.Write((int)code);
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = uint.MaxValue;
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            sum = BitOperations.Crc32C(sum, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }

        foreach (var value in bytes)
        {
            sum = BitOperations.Crc32C(sum, value);
        }

        return ~sum;
    }
}
