using System.Buffers;
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
    public IReadOnlyList<string> Words() => XenstoreWords.Read(Operation, Payload.Span);

    /// <summary>Writes header and payload.</summary>
    public void WriteTo(IBufferWriter<byte> writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var header = writer.GetSpan(XenstoreLimits.HeaderBytes);
        new XenstoreHeader(Operation, RequestId, TransactionId, Payload.Length).WriteTo(header);
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
        var read = XenstoreHeader.Read(header, maxPayload);
        var whole = XenstoreLimits.HeaderBytes + (long)read.Length;
        if (input.Length < whole)
        {
            return false;
        }

        packet = new XenstorePacket(
            read.Operation, read.RequestId, read.TransactionId, input.Slice(XenstoreLimits.HeaderBytes, read.Length).ToArray());
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
