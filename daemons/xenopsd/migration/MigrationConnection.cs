using System.Net.Security;
using System.Net.Sockets;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration;

/// <summary>One connection of a migration, encrypted or not: handshake messages go through <see cref="Bytes"/>, memory through a
/// channel. Owns its socket.</summary>
public sealed class MigrationConnection(Socket socket, SslStream? tls = null) : IDisposable
{
    /// <summary>For handshake messages, which never wait while a channel is open.</summary>
    public System.IO.Stream Bytes { get; } = tls ?? (System.IO.Stream)new NetworkStream(socket, ownsSocket: false);

    /// <summary>What carries memory while it lives; the connection stays this object's.</summary>
    /// <param name="compressed">One zstd frame for all of it.</param>
    /// <param name="silence">Longest wait for the peer to take or give a byte.</param>
    public IDataChannel OpenChannel(bool compressed, TimeSpan silence)
    {
        IDataChannel channel = tls is null ? new SocketChannel(socket, silence) : new TlsChannel(tls, socket, silence);
        return compressed ? new ZstdChannel(channel) : channel;
    }

    /// <summary>Whether the connection ends in a reset when it is closed, so that its plain end can mean something.</summary>
    public void ResetOnClose(bool reset) => socket.LingerState = new LingerOption(reset, 0);

    /// <summary>Nothing more is sent; what the peer sends can still be read. Raises IOException or SocketException.</summary>
    public async Task FinishSendingAsync()
    {
        if (tls is not null)
        {
            await tls.ShutdownAsync().ConfigureAwait(false);
        }

        socket.Shutdown(SocketShutdown.Send);
    }

    /// <summary>Ends the connection so that the peer reads its plain end: whatever it still sends, its own goodbye, is read first, for
    /// closing with unread bytes would reset the connection.</summary>
    public async Task CloseAsync(CancellationToken cancel)
    {
        if (tls is not null)
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            deadline.CancelAfter(MigrationLimits.Goodbye);
            try
            {
                byte[] rest = new byte[256];
                while (await tls.ReadAsync(rest, deadline.Token).ConfigureAwait(false) > 0)
                {
                }
            }
            catch (Exception error) when (error is IOException || (error is OperationCanceledException && !cancel.IsCancellationRequested))
            {
                // It says nothing more: the end is as good as it gets.
            }
        }

        ResetOnClose(false);
        Dispose();
    }

    /// <summary>Ends the connection in both directions while others use it, as a failing network would.</summary>
    internal void Cut()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception ended) when (ended is SocketException or ObjectDisposedException)
        {
            // It had ended already.
        }
    }

    public void Dispose()
    {
        Bytes.Dispose();
        socket.Dispose();
    }
}
