using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Toolstack.Bench.Loads;

/// <summary>What one TCP connection over loopback carries with nothing but a copy in and out of the kernel: the floor of a migration.</summary>
internal static class TcpFloor
{
    private const int BlockBytes = 1 << 20;

    internal static async Task<double> MibPerSecondAsync(int mib, CancellationToken cancellation)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var sender = new TcpClient();
        await sender.ConnectAsync((IPEndPoint)listener.LocalEndpoint, cancellation);
        using var receiver = await listener.AcceptTcpClientAsync(cancellation);

        var clock = Stopwatch.StartNew();
        var sending = Task.Run(() => Send(sender.Client, mib), cancellation);
        var received = 0L;
        var buffer = new byte[BlockBytes];
        while (received < (long)mib * BlockBytes)
        {
            received += await receiver.Client.ReceiveAsync(buffer, cancellation);
        }

        await sending;
        return mib / clock.Elapsed.TotalSeconds;
    }

    private static void Send(Socket socket, int blocks)
    {
        // Touched, so that the kernel copies real memory and not one shared zero page.
        var block = new byte[BlockBytes];
        Random.Shared.NextBytes(block);
        for (var sent = 0; sent < blocks; sent++)
        {
            socket.Send(block);
        }
    }
}
