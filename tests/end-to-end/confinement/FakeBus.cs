using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace Toolstack.Tests.EndToEnd.Confinement;

/// <summary>Stands where a service manager or the system's message bus would listen: lets a client in, as the D-Bus specification says, greets it
/// if it asks for that, and keeps what it says.</summary>
internal sealed class FakeBus : IDisposable
{
    private const int MaxBytes = 65536;
    private const byte MethodReturn = 2;

    private readonly Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    private Socket? client;

    internal FakeBus(string path)
    {
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
    }

    public void Dispose()
    {
        listener.Dispose();
        client?.Dispose();
    }

    /// <summary>What a client has said when it said <paramref name="wanted"/>; a client that leaves before is followed by the next. The one that said it
    /// stays connected: it would complain.</summary>
    internal async Task<string> HearAsync(string wanted, CancellationToken cancel)
    {
        while (true)
        {
            client?.Dispose();
            client = await listener.AcceptAsync(cancel);
            if (await ListenAsync(client, wanted, cancel) is { } said)
            {
                return said;
            }
        }
    }

    private static async Task<string?> ListenAsync(Socket client, string wanted, CancellationToken cancel)
    {
        var bytes = new byte[MaxBytes];
        var length = 0;
        bool welcomed = false, greeted = false;
        while (true)
        {
            var count = await client.ReceiveAsync(bytes.AsMemory(length), cancel);
            if (count == 0)
            {
                return null;
            }

            length += count;
            var said = Encoding.Latin1.GetString(bytes, 0, length);
            if (said.Contains(wanted, StringComparison.Ordinal))
            {
                return said;
            }

            var begin = said.IndexOf("BEGIN\r\n", StringComparison.Ordinal);
            if (!welcomed && begin >= 0)
            {
                // Who sends the empty DATA wants to be asked for it first.
                var asked = said.Contains("\r\nDATA\r\n", StringComparison.Ordinal) ? "DATA\r\n" : "";
                await client.SendAsync(Encoding.ASCII.GetBytes(asked + "OK 0123456789abcdef0123456789abcdef\r\nAGREE_UNIX_FD\r\n"), cancel);
                welcomed = true;
            }

            if (!greeted && said.Contains("Hello", StringComparison.Ordinal))
            {
                await client.SendAsync(Greeting(BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(begin + "BEGIN\r\n".Length + 8))), cancel);
                greeted = true;
            }
        }
    }

    /// <summary>The answer to Hello: the client's name.</summary>
    private static byte[] Greeting(uint serial)
    {
        var fields = new List<byte>();
        Field(5, "u", Number(serial));
        Field(6, "s", Text(":1.1"));
        Field(7, "s", Text("org.freedesktop.DBus"));
        Field(8, "g", [1, (byte)'s', 0]);
        var body = Text(":1.1");
        var message = new List<byte>([(byte)'l', MethodReturn, 1, 1, .. Number((uint)body.Length), .. Number(1), .. Number((uint)fields.Count), .. fields]);
        Pad(message);
        return [.. message, .. body];

        void Field(byte code, string signature, byte[] value)
        {
            // The fields begin at a multiple of eight.
            Pad(fields);
            fields.AddRange([code, 1, (byte)signature[0], 0, .. value]);
        }

        static void Pad(List<byte> bytes) => bytes.AddRange(new byte[(8 - (bytes.Count % 8)) % 8]);
    }

    private static byte[] Text(string text) => [.. Number((uint)text.Length), .. Encoding.ASCII.GetBytes(text), 0];

    private static byte[] Number(uint number) => BitConverter.GetBytes(number);
}
