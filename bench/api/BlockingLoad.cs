using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Toolstack.Bench.Api;

/// <summary>Exchanges per second over kept-alive connections, each with a thread of its own that blocks, as most clients do: what a client that
/// waits for events of its runtime adds would be measured with the server. And the floor: the same bytes both ways with a server that does
/// nothing but find where a request ends.</summary>
internal static class BlockingLoad
{
    internal static double Rate(EndPoint server, Func<byte[]> request, int connections, TimeSpan span)
    {
        var clock = Stopwatch.StartNew();
        var counts = new int[connections];
        Exception? failure = null;
        var threads = Enumerable.Range(0, connections).Select(index => new Thread(() =>
        {
            try
            {
                using var socket = Open(server);
                var buffer = new byte[256 * 1024];
                for (; clock.Elapsed < span; counts[index]++)
                {
                    Send(socket, request());
                    Receive(socket, buffer);
                }
            }
            catch (Exception error) when (error is SocketException or IOException)
            {
                failure = error;
            }
        })).ToArray();
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        return failure is null ? counts.Sum() / clock.Elapsed.TotalSeconds : throw new IOException(failure.Message, failure);
    }

    /// <summary>What the same requests and answers take at the least, over the same kind of socket.</summary>
    internal static double Floor(EndPoint like, byte[] request, int connections, TimeSpan span)
    {
        byte[] answer;
        using (var socket = Open(like))
        {
            Send(socket, request);
            var buffer = new byte[256 * 1024];
            answer = buffer[..Receive(socket, buffer)];
        }

        var path = Path.GetTempFileName();
        File.Delete(path);
        EndPoint place = like is IPEndPoint ? new IPEndPoint(IPAddress.Loopback, 0) : new UnixDomainSocketEndPoint(path);
        using var listening = new Socket(place.AddressFamily, SocketType.Stream, place is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        listening.Bind(place);
        listening.Listen(connections);
        var accepting = new Thread(() =>
        {
            for (var index = 0; index < connections; index++)
            {
                var socket = listening.Accept();
                new Thread(() => Answer(socket, answer)).Start();
            }
        });
        accepting.Start();
        try
        {
            return Rate(listening.LocalEndPoint!, () => request, connections, span);
        }
        finally
        {
            accepting.Join();
            File.Delete(path);
        }
    }

    private static void Answer(Socket socket, byte[] answer)
    {
        using (socket)
        {
            if (socket.ProtocolType is ProtocolType.Tcp)
            {
                socket.NoDelay = true;
            }

            var buffer = new byte[64 * 1024];
            try
            {
                while (Receive(socket, buffer) > 0)
                {
                    Send(socket, answer);
                }
            }
            catch (Exception error) when (error is SocketException or IOException)
            {
                // The client has seen enough.
            }
        }
    }

    private static Socket Open(EndPoint server)
    {
        var socket = new Socket(server.AddressFamily, SocketType.Stream, server is IPEndPoint ? ProtocolType.Tcp : ProtocolType.Unspecified);
        if (server is IPEndPoint)
        {
            socket.NoDelay = true;
        }

        socket.Connect(server);
        return socket;
    }

    private static void Send(Socket socket, byte[] bytes)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += socket.Send(bytes.AsSpan(sent));
        }
    }

    /// <summary>Reads one request or answer of stated length, and returns its own with its head.</summary>
    private static int Receive(Socket socket, byte[] buffer)
    {
        for (var (filled, total) = (0, int.MaxValue); ;)
        {
            var count = socket.Receive(buffer.AsSpan(filled));
            filled += count > 0 ? count : throw new IOException("the other side closed the connection");
            if (total == int.MaxValue && buffer.AsSpan(0, filled).IndexOf("\r\n\r\n"u8) is >= 0 and var head)
            {
                total = head + 4 + Length(buffer.AsSpan(0, head));
            }

            if (filled >= total)
            {
                return total;
            }
        }
    }

    private static int Length(ReadOnlySpan<byte> head)
    {
        var at = head.IndexOf("Content-Length: "u8);
        return at >= 0 && System.Buffers.Text.Utf8Parser.TryParse(head[(at + 16)..], out int length, out _)
            ? length
            : throw new IOException("no length in " + Encoding.ASCII.GetString(head));
    }
}
