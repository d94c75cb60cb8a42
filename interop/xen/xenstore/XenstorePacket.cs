using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>
/// One message of the xenstore protocol: sixteen bytes of header (type, request id, transaction id, payload length, all
/// little-endian) and the payload. Raises <see cref="XenstoreFormatException"/> for bytes or arguments outside the protocol.
/// </summary>
public sealed record XenstorePacket(XenstoreOperation Operation, uint RequestId, uint TransactionId, ReadOnlyMemory<byte> Payload)
{
    /// <summary>A request whose payload is words, each ended by a NUL.</summary>
    public static XenstorePacket Request(XenstoreOperation operation, uint requestId, uint transactionId, params ReadOnlySpan<string> words)
    {
        var payload = new ArrayBufferWriter<byte>();
        foreach (var word in words)
        {
            Append(payload, word);
        }

        return Checked(operation, requestId, transactionId, payload.WrittenMemory);
    }

    /// <summary>WRITE: the path ended by a NUL, then the value as it is.</summary>
    public static XenstorePacket Write(uint requestId, uint transactionId, string path, ReadOnlySpan<byte> value)
    {
        var payload = new ArrayBufferWriter<byte>();
        Append(payload, path);
        payload.Write(value);
        return Checked(XenstoreOperation.Write, requestId, transactionId, payload.WrittenMemory);
    }

    /// <summary>The payload as words, each ended by a NUL; empty for an empty payload.</summary>
    public IReadOnlyList<string> Words()
    {
        var words = new List<string>();
        var rest = Payload.Span;
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf((byte)0);
            if (end < 0)
            {
                throw new XenstoreFormatException($"{Operation}: the last word is not ended by a NUL");
            }

            words.Add(Encoding.UTF8.GetString(rest[..end]));
            rest = rest[(end + 1)..];
        }

        return words;
    }

    /// <summary>Writes header and payload.</summary>
    public void WriteTo(IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var header = writer.GetSpan(XenstoreLimits.HeaderBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)Operation);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], RequestId);
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], TransactionId);
        BinaryPrimitives.WriteUInt32LittleEndian(header[12..], (uint)Payload.Length);
        writer.Advance(XenstoreLimits.HeaderBytes);
        writer.Write(Payload.Span);
    }

    /// <summary>Takes one message off the front of <paramref name="input"/>; false when it is not all there yet. A length beyond
    /// <paramref name="maxPayload"/> is refused before anything is read for it.</summary>
    public static bool TryRead(ref ReadOnlySequence<byte> input, int maxPayload, out XenstorePacket? packet)
    {
        packet = null;
        if (input.Length < XenstoreLimits.HeaderBytes)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[XenstoreLimits.HeaderBytes];
        input.Slice(0, XenstoreLimits.HeaderBytes).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header[12..]);
        if (length > maxPayload)
        {
            throw new XenstoreFormatException($"payload of {length} bytes, at most {maxPayload} are allowed");
        }

        var whole = XenstoreLimits.HeaderBytes + (long)length;
        if (input.Length < whole)
        {
            return false;
        }

        packet = new XenstorePacket(
            (XenstoreOperation)BinaryPrimitives.ReadUInt32LittleEndian(header),
            BinaryPrimitives.ReadUInt32LittleEndian(header[4..]),
            BinaryPrimitives.ReadUInt32LittleEndian(header[8..]),
            input.Slice(XenstoreLimits.HeaderBytes, length).ToArray());
        input = input.Slice(whole);
        return true;
    }

    private static XenstorePacket Checked(XenstoreOperation operation, uint requestId, uint transactionId, ReadOnlyMemory<byte> payload) =>
        payload.Length <= XenstoreLimits.MaxRequestPayload
            ? new XenstorePacket(operation, requestId, transactionId, payload)
            : throw new XenstoreFormatException($"payload of {payload.Length} bytes, at most {XenstoreLimits.MaxRequestPayload} may be sent");

    private static void Append(ArrayBufferWriter<byte> payload, string word)
    {
        if (word.Contains('\0'))
        {
            throw new XenstoreFormatException("a word holds a NUL");
        }

        Encoding.UTF8.GetBytes(word, payload);
        payload.GetSpan(1)[0] = 0;
        payload.Advance(1);
    }
}
