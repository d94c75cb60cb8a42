using System.Buffers;
using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using Toolstack.Cli;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;

namespace Toolstack.Xe;

/// <summary>A session with a XenAPI server over XML-RPC. Raises <see cref="XenApiError"/> for a call that failed and
/// <see cref="HttpRequestException"/> when the server cannot be reached.</summary>
internal sealed class Connection : ICliSession, IDisposable
{
    private static readonly TimeSpan LogoutDeadline = TimeSpan.FromSeconds(5);

    private readonly HttpClient http;
    private string session = "";
    private string logout = "session.logout";

    private Connection(HttpMessageHandler handler, Uri server) =>
        http = new HttpClient(handler) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };

    /// <summary>For HTTP handlers of the same server.</summary>
    internal HttpClient Http => http;

    internal static Connection Open(XeOptions options) => options.IsSocket
        ? new Connection(OverUnixSocket(options.Server), new Uri("http://localhost/"))
        : new Connection(
            new SocketsHttpHandler { SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = options.Accepts } },
            new UriBuilder(options.Plain ? "http" : "https", options.Server, options.Port).Uri);

    /// <param name="oneHost">The session is one of the host that is asked, not of its pool.</param>
    /// <param name="options">User and password.</param>
    /// <param name="cancel">Ends the wait.</param>
    internal async Task LoginAsync(bool oneHost, XeOptions options, CancellationToken cancel)
    {
        ImmutableArray<Value> user = [Text(options.User), Text(options.Password)];
        session = (oneHost
            ? await CallRawAsync("session.slave_local_login_with_password", user, cancel)
            : await CallRawAsync("session.login_with_password", [.. user, Text("1.1"), Text("xe")], cancel)).AsString();
        logout = oneHost ? "session.local_logout" : "session.logout";
    }

    /// <summary>Ends the session; a server that is gone already is no error.</summary>
    internal async Task LogoutAsync()
    {
        using var deadline = new CancellationTokenSource(LogoutDeadline);
        try
        {
            await CallAsync(logout, deadline.Token);
        }
        catch (Exception error) when (error is HttpRequestException or XenApiError or OperationCanceledException)
        {
            // The session dies with its time.
        }
    }

    public Task<Value> CallAsync(string method, CancellationToken cancel, params ImmutableArray<Value> arguments) =>
        CallRawAsync(method, arguments.Insert(0, Text(session)), cancel);

    public string HandlerUrl(string pathAndQuery) =>
        $"{pathAndQuery}{(pathAndQuery.Contains('?', StringComparison.Ordinal) ? '&' : '?')}session_id={Uri.EscapeDataString(session)}";

    private async Task<Value> CallRawAsync(string method, ImmutableArray<Value> arguments, CancellationToken cancel)
    {
        var body = new ArrayBufferWriter<byte>();
        XmlRpcEnvelope.WriteCall(body, method, arguments.AsSpan());
        using var content = new ReadOnlyMemoryContent(body.WrittenMemory);
        content.Headers.ContentType = new MediaTypeHeaderValue(XmlRpcEnvelope.ContentType);
        using var response = await http.PostAsync(new Uri("/", UriKind.Relative), content, cancel);
        response.EnsureSuccessStatusCode();
        return XmlRpcEnvelope.ParseResponse(await response.Content.ReadAsByteArrayAsync(cancel));
    }

    private static Value.Text Text(string text) => new Value.Text(text);

    private static SocketsHttpHandler OverUnixSocket(string path) => new()
    {
        ConnectCallback = async (_, cancel) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException)
            {
                socket.Dispose();
                throw;
            }
        },
    };

    public void Dispose() => http.Dispose();
}
