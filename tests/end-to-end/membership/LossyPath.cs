using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Toolstack.Tests.EndToEnd.Membership;

/// <summary>A way to a host's XenAPI that ends when a message is called over it: either the call does not arrive, or its answer does not.
/// From then on nothing goes this way any more.</summary>
internal sealed class LossyPath : IDisposable
{
    private readonly TcpListener listener;
    private readonly IPEndPoint target;
    private readonly byte[] message;
    private readonly bool delivers;
    private readonly CancellationTokenSource closing = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Listens on <paramref name="address"/>, at the target's port. <paramref name="delivers"/>: the call arrives, its answer is lost.</summary>
    internal LossyPath(string address, Uri target, string message, bool delivers)
    {
        this.target = new IPEndPoint(IPAddress.Parse(target.Host), target.Port);
        this.message = Encoding.UTF8.GetBytes(message);
        this.delivers = delivers;
        listener = new TcpListener(IPAddress.Parse(address), target.Port);
        listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Completes when the message was called.</summary>
    internal Task Ended => ended.Task;

    public void Dispose()
    {
        closing.Cancel();
        listener.Dispose();
        closing.Dispose();
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                _ = CarryAsync(await listener.AcceptSocketAsync(closing.Token));
            }
        }
        catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // Closed.
        }
    }

    private async Task CarryAsync(Socket client)
    {
        using (client)
        using (var server = new Socket(SocketType.Stream, ProtocolType.Tcp))
        {
            try
            {
                if (ended.Task.IsCompleted)
                {
                    return;
                }

                await server.ConnectAsync(target, closing.Token);
                using var over = CancellationTokenSource.CreateLinkedTokenSource(closing.Token);
                await Task.WhenAny(PumpAsync(client, server, calls: true, over.Token), PumpAsync(server, client, calls: false, over.Token));
                await over.CancelAsync();
            }
            catch (Exception error) when (error is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // One side has left.
            }
        }
    }

    private async Task PumpAsync(Socket from, Socket to, bool calls, CancellationToken cancel)
    {
        var buffer = new byte[64 * 1024];
        for (var last = false; !last;)
        {
            var count = await from.ReceiveAsync(buffer, cancel);
            last = calls && buffer.AsSpan(0, count).IndexOf(message) >= 0;
            if (count == 0 || (!calls && ended.Task.IsCompleted))
            {
                return;
            }

            if (last)
            {
                ended.TrySetResult();
                if (delivers)
                {
                    await to.SendAsync(buffer.AsMemory(0, count), cancel);

                    // The answer is waited for, so that the call was carried out, and goes nowhere.
                    await Task.Delay(Timeout.Infinite, cancel);
                }

                return;
            }

            for (var sent = 0; sent < count;)
            {
                sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), cancel);
            }
        }
    }
}
