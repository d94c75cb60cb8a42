using System.Buffers.Binary;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>The sixteen bytes before each payload: type, request id, transaction id, payload length, all little-endian.</summary>
public readonly record struct XenstoreHeader(XenstoreOperation Operation, uint RequestId, uint TransactionId, int Length)
{
    /// <summary>Reads a header. Raises <see cref="XenstoreFormatException"/> for a length beyond <paramref name="maxPayload"/>, before
    /// anything is kept for it.</summary>
    public static XenstoreHeader Read(ReadOnlySpan<byte> bytes, int maxPayload)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]);
        return length <= maxPayload
            ? new XenstoreHeader(
                (XenstoreOperation)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]),
                BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
                (int)length)
            : throw new XenstoreFormatException($"payload of {length} bytes, at most {maxPayload} are allowed");
    }

    public void WriteTo(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)Operation);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[4..], RequestId);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[8..], TransactionId);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes[12..], (uint)Length);
    }
}
