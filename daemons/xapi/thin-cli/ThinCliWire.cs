using System.Buffers.Binary;
using System.Text;

namespace Toolstack.Xapi.ThinCli;

/// <summary>A peer that does not keep to the thin-client protocol.</summary>
internal sealed class ThinCliFormatException(string message) : Exception(message);

/// <summary>
/// The bytes of the thin-client protocol, version 0.2: a greeting, then frames of a length and a payload; integers are 32 bits, little
/// endian; a string is its length and its UTF-8 bytes; the raw bytes of a file's chunks stand between frames.
/// </summary>
internal static class ThinCliWire
{
    internal const int Major = 0;
    internal const int Minor = 2;

    private const int Command = 9;

    internal static ReadOnlySpan<byte> Greeting => "XenSource thin CLI protocol"u8;

    internal static int GreetingBytes => Greeting.Length + (2 * sizeof(int));

    internal enum Order
    {
        Print = 0,
        Load = 1,
        Exit = 4,
        HttpGet = 12,
        HttpPut = 13,
        PrintStderr = 16,
    }

    internal enum Answer
    {
        Ok = 5,
        Failed = 6,
        Chunk = 7,
        End = 8,
        Response = 10,
        Blob = 11,
        Wait = 18,
    }

    internal static byte[] WriteGreeting()
    {
        var bytes = new byte[GreetingBytes];
        Greeting.CopyTo(bytes);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Greeting.Length), Major);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(Greeting.Length + sizeof(int)), Minor);
        return bytes;
    }

    /// <summary>Raises <see cref="ThinCliFormatException"/> for another protocol or another major version.</summary>
    internal static void CheckGreeting(ReadOnlySpan<byte> bytes)
    {
        if (!bytes.StartsWith(Greeting))
        {
            throw new ThinCliFormatException("the client does not greet in the thin-client protocol");
        }

        var major = BinaryPrimitives.ReadInt32LittleEndian(bytes[Greeting.Length..]);
        if (major != Major)
        {
            throw new ThinCliFormatException($"the client speaks version {major} of the thin-client protocol, this server {Major}");
        }
    }

    /// <summary>A frame with a command to the client and its text fields.</summary>
    internal static byte[] Write(Order order, params ReadOnlySpan<string> fields)
    {
        var body = Body(order);
        foreach (var field in fields)
        {
            var bytes = Encoding.UTF8.GetBytes(field);
            AddInt(body, bytes.Length);
            body.AddRange(bytes);
        }

        return Framed(body);
    }

    internal static byte[] WriteExit(int status)
    {
        var body = Body(Order.Exit);
        AddInt(body, status);
        return Framed(body);
    }

    /// <summary>The kind of a client's frame and, of a chunk, the length of the bytes that follow.</summary>
    internal static (Answer Kind, int Length) ReadAnswer(ReadOnlySpan<byte> frame)
    {
        var kind = (Answer)ReadInt(ref frame);
        switch (kind)
        {
            case Answer.Response:
                var response = (Answer)ReadInt(ref frame);
                return response is Answer.Ok or Answer.Failed or Answer.Wait ? (response, 0) : throw Unknown((int)response);
            case Answer.Blob:
                var blob = (Answer)ReadInt(ref frame);
                return blob switch
                {
                    Answer.Chunk => (blob, ReadInt(ref frame)),
                    Answer.End => (blob, 0),
                    _ => throw Unknown((int)blob),
                };
            default:
                throw Unknown((int)kind);
        }
    }

    private static ThinCliFormatException Unknown(int tag) => new($"a frame of the unknown kind {tag}");

    private static int ReadInt(ref ReadOnlySpan<byte> frame)
    {
        if (frame.Length < sizeof(int))
        {
            throw new ThinCliFormatException("a frame ends early");
        }

        var value = BinaryPrimitives.ReadInt32LittleEndian(frame);
        frame = frame[sizeof(int)..];
        return value;
    }

    private static List<byte> Body(Order order)
    {
        List<byte> body = [];
        AddInt(body, Command);
        AddInt(body, (int)order);
        return body;
    }

    private static byte[] Framed(List<byte> body)
    {
        List<byte> frame = [];
        AddInt(frame, body.Count);
        frame.AddRange(body);
        return [.. frame];
    }

    private static void AddInt(List<byte> bytes, int value)
    {
        Span<byte> encoded = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(encoded, value);
        bytes.AddRange(encoded);
    }
}
