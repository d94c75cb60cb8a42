using System.Net.Security;
using System.Net.Sockets;

namespace Toolstack.Xapi.Http.Tls;

/// <summary>Carries bytes between an encrypted connection and a local socket until both directions have ended or one has failed.</summary>
internal static class TlsCarrier
{
    private const int ChunkBytes = 256 * 1024;

    /// <param name="rest">What was read from the connection already.</param>
    internal static async Task RunAsync(SslStream connection, Socket local, ReadOnlyMemory<byte> rest, CancellationToken cancel)
    {
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        Task inwards = InwardsAsync(connection, local, rest, both.Token);
        Task outwards = OutwardsAsync(connection, local, both.Token);
        Task first = await Task.WhenAny(inwards, outwards).ConfigureAwait(false);
        if (first.IsFaulted || first == outwards)
        {
            // xenopsd has closed its end, or a side broke: nothing more can come of the other direction.
            await both.CancelAsync().ConfigureAwait(false);
        }

        try
        {
            await Task.WhenAll(inwards, outwards).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (outwards.IsCompletedSuccessfully && !cancel.IsCancellationRequested)
        {
            // xenopsd was done first, and what else may come is nobody's.
        }
    }

    private static async Task InwardsAsync(SslStream connection, Socket local, ReadOnlyMemory<byte> rest, CancellationToken cancel)
    {
        byte[] buffer = new byte[ChunkBytes];
        ReadOnlyMemory<byte> chunk = rest;
        do
        {
            while (!chunk.IsEmpty)
            {
                chunk = chunk[await local.SendAsync(chunk, SocketFlags.None, cancel).ConfigureAwait(false)..];
            }

            chunk = buffer.AsMemory(0, await connection.ReadAsync(buffer, cancel).ConfigureAwait(false));
        }
        while (!chunk.IsEmpty);
        local.Shutdown(SocketShutdown.Send);
    }

    private static async Task OutwardsAsync(SslStream connection, Socket local, CancellationToken cancel)
    {
        byte[] buffer = new byte[ChunkBytes];
        while (await local.ReceiveAsync(buffer, SocketFlags.None, cancel).ConfigureAwait(false) is > 0 and int count)
        {
            await connection.WriteAsync(buffer.AsMemory(0, count), cancel).ConfigureAwait(false);
        }

        await connection.ShutdownAsync().ConfigureAwait(false);
    }
}
