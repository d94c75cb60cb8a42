using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Toolstack.Xapi.Http.Transport;
using Toolstack.Xapi.ThinCli;

namespace Toolstack.Xapi.Http;

/// <summary>Where XenAPI listens.</summary>
internal sealed record HttpEndpoints(string UnixPath, IReadOnlyList<IPEndPoint> Tcp, long MaxBodyBytes)
{
    /// <summary>The listening Unix socket that the service manager made; null makes one at <see cref="UnixPath"/>.</summary>
    internal Socket? Activated { get; init; }
}

/// <summary>
/// The HTTP server: Kestrel itself, without host, configuration or dependency injection around it, because a daemon that lists its few
/// parts by hand starts sooner and stays smaller.
/// </summary>
internal sealed class HttpServer : IAsyncDisposable
{
    private readonly KestrelServer server;
    private readonly AcceptThread accepting;
    private readonly ConnectionThreads threads;
    private readonly HttpEndpoints endpoints;
    private readonly HttpApplication application;
    private readonly ILogger logger;

    internal HttpServer(HttpEndpoints endpoints, XapiServices services, HandOver handOver, ThinCliServer thinClients, ILogger logger)
    {
        this.endpoints = endpoints;
        this.logger = logger;
        application = new HttpApplication(services.Routes, new BodyBudget(endpoints.MaxBodyBytes), logger);
        accepting = new AcceptThread(handOver.Start, logger);
        threads = new ConnectionThreads(HttpLimits.ConnectionThreads);
        server = new KestrelServer(Options.Create(MakeOptions(endpoints, new PlainAccess(services), thinClients)), new PeekingTransport(accepting, threads, handOver, endpoints.Activated, logger), NullLoggerFactory.Instance);
    }

    /// <summary>Where TCP is listened on, as URLs with the ports the kernel chose.</summary>
    internal IReadOnlyCollection<string> Addresses => [.. server.Features.Get<IServerAddressesFeature>()!.Addresses];

    /// <summary>Opens every listener. Raises ConfigurationException when an address is taken; the Unix socket of the xapi that has it stays then,
    /// because TCP is tried first.</summary>
    internal async Task StartAsync(CancellationToken cancel)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(endpoints.UnixPath))!);
        await server.StartAsync(application, cancel).ConfigureAwait(false);
        Log.Listening(logger, endpoints.UnixPath);
        foreach (IPEndPoint endpoint in endpoints.Tcp)
        {
            Log.Listening(logger, endpoint is Tls.TlsEndPoint ? $"{endpoint} (TLS)" : endpoint.ToString());
        }
    }

    /// <summary>Closes the listeners, lets the requests under way finish until <paramref name="cancel"/>, then cuts them.</summary>
    internal Task StopAsync(CancellationToken cancel) => server.StopAsync(cancel);

    public ValueTask DisposeAsync()
    {
        server.Dispose();
        accepting.Dispose();
        threads.Dispose();
        return ValueTask.CompletedTask;
    }

    private static KestrelServerOptions MakeOptions(HttpEndpoints endpoints, PlainAccess plain, ThinCliServer thinClients)
    {
        var options = new KestrelServerOptions { AddServerHeader = false };
        options.Limits.MaxRequestBodySize = endpoints.MaxBodyBytes;
        options.Limits.MaxRequestBufferSize = HttpLimits.ReadAheadBytes;
        options.Limits.MaxConcurrentConnections = HttpLimits.MaxConnections;
        options.Limits.RequestHeadersTimeout = HttpLimits.HeadDeadline;
        options.Limits.KeepAliveTimeout = HttpLimits.IdleDeadline;
        foreach (IPEndPoint endpoint in endpoints.Tcp)
        {
            options.Listen(endpoint, Serve);
        }

        options.ListenUnixSocket(endpoints.UnixPath, Serve);
        return options;

        void Serve(ListenOptions listening)
        {
            listening.Protocols = HttpProtocols.Http1;
            listening.Use(next => connection => plain.OnConnectionAsync(connection, next));
            listening.Use(next => connection => thinClients.OnConnectionAsync(connection, next));
        }
    }
}
