using System.Buffers;
using System.Text;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.Tests.Xenstore;

/// <summary>One end of a connection that sends and receives single messages.</summary>
internal sealed class RawPeer(Stream stream) : IDisposable
{
    private byte[] pending = [];

    private static CancellationToken Soon => new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    public static XenstorePacket Packet(int type, uint request, uint transaction, string payload) =>
        new((XenstoreOperation)type, request, transaction, Encoding.Latin1.GetBytes(payload));

    public async Task SendAsync(params XenstorePacket[] packets)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var packet in packets)
        {
            packet.WriteTo(output);
        }

        await stream.WriteAsync(output.WrittenMemory, Soon);
    }

    public async Task SendBytesAsync(byte[] bytes) => await stream.WriteAsync(bytes, Soon);

    /// <summary>The next message, or null at the end of the stream.</summary>
    public async Task<XenstorePacket?> ReceiveAsync()
    {
        var buffer = new byte[8192];
        while (true)
        {
            var input = new ReadOnlySequence<byte>(pending);
            if (XenstorePacket.TryRead(ref input, XenstoreLimits.MaxReplyPayload, out var packet))
            {
                pending = input.ToArray();
                return packet;
            }

            int count;
            try
            {
                count = await stream.ReadAsync(buffer, Soon);
            }
            catch (IOException)
            {
                return null;
            }

            if (count == 0)
            {
                return null;
            }

            pending = [.. pending, .. buffer.AsSpan(0, count)];
        }
    }

    /// <summary>Sends one request and gives type and payload of the answer, in which <c>|</c> stands for NUL.</summary>
    public async Task<string> CallAsync(int type, string payload, uint transaction = 0)
    {
        await SendAsync(Packet(type, 77, transaction, payload.Replace('|', '\0')));
        return await TextAsync();
    }

    public async Task<string> TextAsync()
    {
        var packet = await ReceiveAsync();
        return packet is null ? "end" : $"{(int)packet.Operation} {Encoding.Latin1.GetString(packet.Payload.Span).Replace('\0', '|')}";
    }

    public void Dispose() => stream.Dispose();
}
