using System.Buffers.Binary;

namespace Toolstack.XenSimulator.Contract;

/// <summary>How a request or a reply stands on the socket: its length as u32, little-endian, then its bytes. A reply's descriptors
/// come with its first byte.</summary>
public static class HypercallFrame
{
    public const int HeaderBytes = sizeof(uint);

    public static byte[] Write(ReadOnlySpan<byte> body)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, HypercallLimits.MaxFrame);
        var frame = new byte[HeaderBytes + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, body.Length);
        body.CopyTo(frame.AsSpan(HeaderBytes));
        return frame;
    }

    /// <summary>The length of the body that follows; raises <see cref="InvalidDataException"/> over <see cref="HypercallLimits.MaxFrame"/>.</summary>
    public static int ReadLength(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        return length <= HypercallLimits.MaxFrame
            ? (int)length
            : throw new InvalidDataException($"frame of {length} bytes, over {nameof(HypercallLimits.MaxFrame)}");
    }
}
