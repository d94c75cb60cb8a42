using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using MessagePack;
using Microsoft.Win32.SafeHandles;

namespace Toolstack.Hosting.Switch.Wire;

/// <summary>Frames of the native switch protocol: a length of four bytes, most significant first, then that many bytes of MessagePack:
/// an array whose first element is the kind of message. This part: framing and the vocabulary; reading and writing of each message
/// are in the parts named so.</summary>
public static partial class SwitchCodec
{
    /// <summary>The bytes of a frame before its body.</summary>
    public const int HeaderBytes = 4;

    private enum Code
    {
        Hello = 1,
        Welcome = 2,
        Refusal = 3,
        CreateQueue = 10,
        DestroyQueue = 11,
        Subscribe = 12,
        Unsubscribe = 13,
        ListQueues = 14,
        CommandResult = 15,
        QueueList = 16,
        Request = 20,
        Response = 21,
        Acknowledge = 22,
        RequestDelivery = 23,
        ResponseDelivery = 24,
        SubscriptionEnded = 25,
        Return = 26,
        Cancel = 27,
        Cancelled = 28,
        Diagnose = 29,
        FollowTrace = 30,
        Report = 31,
        Store = 32,
        Stored = 33,
    }

    /// <summary>Takes the first frame off <paramref name="buffer"/>. False when it is not there whole yet;
    /// <paramref name="missing"/> then says how many bytes more it needs at least. Raises <see cref="SwitchException"/>
    /// (<see cref="SwitchErrorKind.Protocol"/>) for anything that is not a frame of this protocol. Sealed payloads take their
    /// descriptors from <paramref name="descriptors"/>, in order.</summary>
    public static bool TryReadFrame(
        ref ReadOnlySequence<byte> buffer, List<SafeFileHandle> descriptors, out SwitchMessage? message, out int missing)
    {
        message = null;
        missing = HeaderBytes;
        if (buffer.Length < HeaderBytes)
        {
            return false;
        }

        Span<byte> header = stackalloc byte[HeaderBytes];
        buffer.Slice(0, HeaderBytes).CopyTo(header);
        var length = BinaryPrimitives.ReadUInt32BigEndian(header);
        if (length is 0 or > SwitchLimits.MaxFrameBytes)
        {
            throw Broken($"a frame of {length} bytes; allowed is 1 to {SwitchLimits.MaxFrameBytes} (MaxFrameBytes)");
        }

        var whole = HeaderBytes + (int)length;
        if (buffer.Length < whole)
        {
            missing = (int)(whole - buffer.Length);
            return false;
        }

        message = Decode(buffer.Slice(HeaderBytes, length), descriptors);
        buffer = buffer.Slice(whole);
        missing = 0;
        return true;
    }

    private static SwitchMessage Decode(ReadOnlySequence<byte> body, List<SafeFileHandle> descriptors)
    {
        try
        {
            var reader = new MessagePackReader(body);
            var message = ReadMessage(ref reader, descriptors);
            return reader.End ? message : throw Broken("bytes after the message");
        }
        catch (Exception error) when (error is MessagePackSerializationException or EndOfStreamException or OverflowException
            or DecoderFallbackException)
        {
            throw Broken("not a message of this protocol", error);
        }
    }

    private static SwitchException Broken(string what, Exception? cause = null) => new(SwitchErrorKind.Protocol, what, cause);
}
