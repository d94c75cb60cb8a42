using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Xapi.Http.Tls;
using Toolstack.Xapi.Http.Transport;

namespace Toolstack.Xapi.Http;

/// <summary>Kestrel's transport: connections whose first bytes <see cref="AcceptThread"/> found to be HTTP.</summary>
internal sealed class PeekingTransport(AcceptThread accepting, ConnectionThreads threads, HandOver handOver, Socket? activated, ILogger logger)
    : IConnectionListenerFactory
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket listening = endpoint is UnixDomainSocketEndPoint && activated is not null ? activated : Opened(endpoint);
        return ValueTask.FromResult<IConnectionListener>(new Listener(listening, accepting, threads, endpoint as TlsEndPoint, handOver, listening == activated, logger));
    }

    private static Socket Opened(EndPoint endpoint)
    {
        Socket listening = Bound(endpoint);
        if (endpoint is UnixDomainSocketEndPoint unix)
        {
            // Whoever connects is taken for root, so nobody else may; set before listening, so there is no moment without.
            File.SetUnixFileMode(unix.ToString(), OwnerOnly);
        }

        listening.Listen(512);
        return listening;
    }

    private static Socket Bound(EndPoint endpoint)
    {
        try
        {
            if (endpoint is UnixDomainSocketEndPoint unix)
            {
                // What a killed xapi left behind.
                File.Delete(unix.ToString());
            }

            return SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }
        catch (SocketException error)
        {
            throw new ConfigurationException($"cannot listen on {endpoint}: {error.Message}");
        }
    }

    private sealed class Listener : IConnectionListener
    {
        private readonly Socket listening;
        private readonly bool lent;
        private readonly AcceptThread accepting;
        private readonly ConnectionThreads threads;

        /// <summary>Sockets, or TLS connections whose handshake is done.</summary>
        private readonly Channel<IDisposable> accepted = Channel.CreateBounded<IDisposable>(
            new BoundedChannelOptions(HttpLimits.MaxAcceptedConnections) { SingleReader = true });

        internal Listener(
            Socket listening, AcceptThread accepting, ConnectionThreads threads, TlsEndPoint? tls, HandOver handOver, bool lent, ILogger logger)
        {
            this.lent = lent;
            this.listening = listening;
            this.accepting = accepting;
            this.threads = threads;
            EndPoint = listening.LocalEndPoint!;
            accepting.Add(listening, tls is null
                ? accepted.Writer.TryWrite
                : new TlsAcceptor(tls.Certificate, handOver, logger, c => accepted.Writer.TryWrite(new Shaken(c))).Start);
        }

        public EndPoint EndPoint { get; }

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (await accepted.Reader.WaitToReadAsync(cancellationToken).ConfigureAwait(false))
            {
                if (accepted.Reader.TryRead(out IDisposable? next))
                {
                    if (next is Shaken { Connection: { } shaken })
                    {
                        return shaken;
                    }

                    if (Open((Socket)next) is { } connection)
                    {
                        return connection;
                    }
                }
            }

            return null;
        }

        /// <summary>Null for a client that has gone already.</summary>
        private SocketConnection? Open(Socket socket)
        {
            try
            {
                return new SocketConnection(socket, threads);
            }
            catch (SocketException)
            {
                socket.Dispose();
                return null;
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            accepting.Remove(listening);

            // Closing a socket on which a thread waits shuts it down, also for the service manager, who goes on listening.
            if (!lent)
            {
                listening.Dispose();
            }

            accepted.Writer.TryComplete();
            while (accepted.Reader.TryRead(out IDisposable? waiting))
            {
                waiting.Dispose();
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }

    /// <summary>A connection after its handshake, for the channel that also carries sockets.</summary>
    private sealed record Shaken(TlsConnection Connection) : IDisposable
    {
        public void Dispose() => Connection.Abort(new ConnectionAbortedException("the listener has closed"));
    }
}
