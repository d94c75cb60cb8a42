using System.Buffers;
using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Net.Sockets;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;

namespace Toolstack.Xe;

/// <summary>A session with a XenAPI server over XML-RPC. Raises <see cref="XenApiError"/> for a call that failed and
/// <see cref="HttpRequestException"/> when the server cannot be reached.</summary>
internal sealed class Connection : IDisposable
{
    private static readonly TimeSpan LogoutDeadline = TimeSpan.FromSeconds(5);

    private readonly HttpClient http;
    private string session = "";

    private Connection(HttpMessageHandler handler, Uri server) =>
        http = new HttpClient(handler) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };

    internal static Connection Open(XeArguments arguments) => arguments.Server.StartsWith('/')
        ? new Connection(OverUnixSocket(arguments.Server), new Uri("http://localhost/"))
        : new Connection(new SocketsHttpHandler(), new UriBuilder("http", arguments.Server, arguments.Port).Uri);

    internal async Task LoginAsync(XeArguments arguments, CancellationToken cancel) =>
        session = (await CallRawAsync("session.login_with_password",
            [Text(arguments.User), Text(arguments.Password), Text("1.1"), Text("xe")], cancel)).AsString();

    /// <summary>Ends the session; a server that is gone already is no error.</summary>
    internal async Task LogoutAsync()
    {
        using var deadline = new CancellationTokenSource(LogoutDeadline);
        try
        {
            await CallAsync("session.logout", deadline.Token);
        }
        catch (Exception error) when (error is HttpRequestException or XenApiError or OperationCanceledException)
        {
            // The session dies with its time.
        }
    }

    internal static Value Text(string text) => new Value.Text(text);

    /// <summary>Calls with the session as first argument.</summary>
    internal Task<Value> CallAsync(string method, CancellationToken cancel, params ImmutableArray<Value> arguments) =>
        CallRawAsync(method, arguments.Insert(0, Text(session)), cancel);

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
