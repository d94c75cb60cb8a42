using System.Buffers.Binary;

namespace Toolstack.XenSimulator.Contract;

/// <summary>How a request or a reply stands on the socket: its length as u32, little-endian, then its bytes. A reply's descriptors
/// come with its first byte.</summary>
public static class HypercallFrame
{
    public const int HeaderBytes = sizeof(uint);

    /// <summary>Room for what most frames take: they come with one system call.</summary>
    public const int UsualBytes = 2048;

    /// <summary>Puts the next bytes of a stream into <paramref name="target"/>; 0 at its end.</summary>
    public delegate int Source(Span<byte> target);

    public static byte[] Write(ReadOnlySpan<byte> body)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(body.Length, HypercallLimits.MaxFrame);
        var frame = new byte[HeaderBytes + body.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, body.Length);
        body.CopyTo(frame.AsSpan(HeaderBytes));
        return frame;
    }

    /// <summary>The body of the next frame; null at the end of the stream before its first byte. A connection has one frame under way, so
    /// what comes beyond it is as wrong as an end inside: <see cref="InvalidDataException"/>.</summary>
    /// <param name="room">At least <see cref="HeaderBytes"/>; its content is lost.</param>
    /// <param name="source">The stream.</param>
    public static byte[]? Read(Span<byte> room, Source source)
    {
        ArgumentNullException.ThrowIfNull(source);
        var filled = 0;
        while (filled < HeaderBytes)
        {
            var count = source(room[filled..]);
            if (count == 0)
            {
                return filled == 0 ? null : throw Cut();
            }

            filled += count;
        }

        var body = new byte[ReadLength(room)];
        var have = filled - HeaderBytes;
        if (have > body.Length)
        {
            throw new InvalidDataException($"{have - body.Length} bytes beyond a frame");
        }

        room[HeaderBytes..filled].CopyTo(body);
        while (have < body.Length)
        {
            var count = source(body.AsSpan(have));
            have += count > 0 ? count : throw Cut();
        }

        return body;
    }

    private static InvalidDataException Cut() => new("the other end closed the connection inside a frame");

    /// <summary>The length of the body that follows; raises <see cref="InvalidDataException"/> over <see cref="HypercallLimits.MaxFrame"/>.</summary>
    public static int ReadLength(ReadOnlySpan<byte> header)
    {
        var length = BinaryPrimitives.ReadUInt32LittleEndian(header);
        return length <= HypercallLimits.MaxFrame
            ? (int)length
            : throw new InvalidDataException($"frame of {length} bytes, over {nameof(HypercallLimits.MaxFrame)}");
    }
}
