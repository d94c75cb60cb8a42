using Xunit;
using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Idl.XmlRpc;
using Toolstack.Interop.Linux;
using Toolstack.Xapi.Xenops;

namespace Toolstack.Tests.Xenopsd;

/// <summary>Where a connection between two hosts is cut. The numbers are bytes let through in that direction; at the end of the memory
/// means once the destination has it all, before the source hears so. Mute: from the cut on the host cannot be asked anything. Stall: nothing passes in
/// that direction any more, not even the end, and nothing is closed.</summary>
internal sealed record Cut(
    string Kind, int? FromSource = null, int? FromDestination = null, bool ControlAtEndOfMemory = false, bool Mute = false, bool Stall = false);

/// <summary>A host whose xenopsd says nothing of what it can do.</summary>
internal sealed class SilentGateway(IXenopsGateway inner) : IXenopsGateway
{
    public async ValueTask<ReadOnlyMemory<byte>> HandleXmlRpcAsync(ReadOnlyMemory<byte> body, CancellationToken cancel)
    {
        if (XmlRpcEnvelope.ParseCall(body.Span).Method != "query")
        {
            return await inner.HandleXmlRpcAsync(body, cancel);
        }

        var output = new ArrayBufferWriter<byte>();
        XmlRpcEnvelope.WriteFailure(output, "Unimplemented", ["query"]);
        return output.WrittenMemory;
    }
}

/// <summary>What a host's xapi does in a migration: passes calls on and hands PUT connections over, here through a relay that can cut
/// them.</summary>
internal sealed class XapiStandIn : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop = new();
    private readonly IXenopsGateway gateway;
    private readonly string handOver;
    private readonly Cut? cut;
    private readonly List<Socket> control = [];
    private Task accepting = Task.CompletedTask;
    private long memoryBytes;
    private volatile bool mute;

    internal XapiStandIn(IXenopsGateway gateway, string handOver, Cut? cut)
    {
        (this.gateway, this.handOver, this.cut) = (gateway, handOver, cut);
        listener.Start();
    }

    internal string Url => $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/services/xenops?session_id=OpaqueRef:test";

    /// <summary>Bytes that came for VMs that migrate to this host.</summary>
    internal long MemoryBytes => Interlocked.Read(ref memoryBytes);

    /// <summary>The host can be asked again.</summary>
    internal void Unmute() => mute = false;

    internal void Start() => accepting = Task.Run(AcceptAsync);

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var connection = await listener.AcceptSocketAsync(stop.Token);
            _ = Task.Run(() => ServeAsync(connection));
        }
    }

    private async Task ServeAsync(Socket connection)
    {
        string head = await ReadHeadAsync(connection);
        if (head.StartsWith("POST ", StringComparison.Ordinal))
        {
            if (mute)
            {
                connection.Dispose();
                return;
            }

            await AnswerAsync(connection, head);
            return;
        }

        string target = head.Split(' ')[1];
        string kind = target.Split('/')[4];
        if (mute && kind == "outcome")
        {
            connection.Dispose();
            return;
        }

        var (mine, theirs) = await PairAsync();
        using var xenopsd = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await xenopsd.ConnectAsync(new UnixDomainSocketEndPoint(handOver), stop.Token);
        UnixRights.Send(xenopsd, Record(target, head), [theirs.SafeHandle]);
        theirs.Dispose();
        await RelayAsync(kind, connection, mine);
    }

    private async Task RelayAsync(string kind, Socket source, Socket destination)
    {
        if (kind == "vm" && cut is not null)
        {
            lock (control)
            {
                control.AddRange([source, destination]);
            }
        }

        var mine = cut?.Kind == kind ? cut : null;
        var forward = PumpAsync(source, destination, mine?.FromSource, closeControlAtEnd: false, counted: kind == "mem");
        var back = PumpAsync(destination, source, mine?.FromDestination, closeControlAtEnd: kind == "mem" && cut is { ControlAtEndOfMemory: true });
        await Task.WhenAll(forward, back);
        source.Dispose();
        destination.Dispose();
    }

    /// <summary>Copies until the end or the cut; a cut closes both connections.</summary>
    private async Task PumpAsync(Socket from, Socket to, int? allowed, bool closeControlAtEnd, bool counted = false)
    {
        byte[] buffer = new byte[65536];
        long passed = 0;
        try
        {
            while (true)
            {
                int read = await from.ReceiveAsync(buffer, SocketFlags.None, stop.Token);
                passed += read;
                Interlocked.Add(ref memoryBytes, counted ? read : 0);
                if (cut is { Stall: true } && (passed > allowed || (read == 0 && allowed is not null)))
                {
                    await Task.Delay(Timeout.Infinite, stop.Token);
                }

                if (passed > allowed)
                {
                    mute = cut is { Mute: true };
                    from.Dispose();
                    to.Dispose();
                    return;
                }

                if (read == 0)
                {
                    if (closeControlAtEnd)
                    {
                        lock (control)
                        {
                            control.ForEach(static c => c.Dispose());
                        }
                    }

                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                for (int sent = 0; sent < read;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, read - sent), SocketFlags.None, stop.Token);
                }
            }
        }
        catch (SocketException)
        {
            Reset(from);
            Reset(to);
        }
        catch (Exception error) when (error is ObjectDisposedException or OperationCanceledException)
        {
            from.Dispose();
            to.Dispose();
        }
    }

    /// <summary>Passes a reset on as one.</summary>
    private static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = new LingerOption(true, 0);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Closed already by the other direction.
        }

        socket.Dispose();
    }

    private async Task AnswerAsync(Socket connection, string head)
    {
        int length = int.Parse(head.Split("Content-Length: ")[1].Split("\r\n")[0]);
        byte[] body = new byte[length];
        for (int filled = 0; filled < length;)
        {
            filled += await connection.ReceiveAsync(body.AsMemory(filled), SocketFlags.None, stop.Token);
        }

        var answer = await gateway.HandleXmlRpcAsync(body, stop.Token);
        connection.Send(Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Length: {answer.Length}\r\n\r\n"));
        connection.Send(answer.Span);
        connection.Dispose();
    }

    /// <summary>The head and nothing behind it.</summary>
    private async Task<string> ReadHeadAsync(Socket connection)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            Assert.Equal(1, await connection.ReceiveAsync(one, SocketFlags.None, stop.Token));
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static byte[] Record(string target, string head)
    {
        var cookies = head.Split("Cookie: ")[1].Split("\r\n")[0].Split("; ").Select(static c => c.Split('='));
        var output = new ArrayBufferWriter<byte>();
        JsonValueWriter.Write(output, w =>
        {
            w.BeginStruct(2);
            w.Member("path");
            w.String(target.Split('?')[0]);
            w.Member("cookie");
            w.BeginStruct(cookies.Count());
            foreach (string[] cookie in cookies)
            {
                w.Member(cookie[0]);
                w.String(Uri.UnescapeDataString(cookie[1]));
            }

            w.EndStruct();
            w.EndStruct();
        });
        return output.WrittenSpan.ToArray();
    }

    private static async Task<(Socket, Socket)> PairAsync()
    {
        using var server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        var client = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var connecting = client.ConnectAsync(server.LocalEndpoint);
        var accepted = await server.AcceptSocketAsync();
        accepted.NoDelay = true;
        await connecting;
        return (client, accepted);
    }
}
