using System.Net.Sockets;
using System.Text;

namespace Toolstack.EndToEnd.Client;

/// <summary>A XenAPI session over XML-RPC on HTTP, as a script would open one: over TCP, or on xapi's Unix socket.
/// Raises <see cref="XenApiFailure"/> for a failure of the call, <see cref="HttpRequestException"/> when the server cannot be reached.</summary>
public sealed class XenApiClient : IDisposable
{
    private static readonly TimeSpan CallDeadline = TimeSpan.FromSeconds(100);

    private readonly HttpClient http;

    private XenApiClient(HttpMessageHandler handler, Uri server, TimeSpan? callDeadline = null) =>
        http = new HttpClient(handler) { BaseAddress = server, Timeout = callDeadline ?? CallDeadline };

    /// <summary>The reference of the session, empty before login.</summary>
    public string Session { get; private set; } = "";

    /// <summary>A client of the server at <paramref name="server"/> (http://address:port/), not logged in yet.</summary>
    /// <param name="server">Its address.</param>
    /// <param name="callDeadline">How long one call may take; 100 s if nothing is said.</param>
    public static XenApiClient OverTcp(Uri server, TimeSpan? callDeadline = null) => new(new SocketsHttpHandler(), server, callDeadline);

    /// <summary>A client of the server behind the Unix socket at <paramref name="path"/>.</summary>
    public static XenApiClient OverUnixSocket(string path) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException)
            {
                socket.Dispose();
                throw;
            }
        },
    }, new Uri("http://localhost/"));

    public async Task LoginAsync(string user, string password, CancellationToken cancellation) =>
        Session = (string)await CallRawAsync("session.login_with_password", [user, password, "1.1", "end-to-end"], cancellation);

    public async Task LogoutAsync(CancellationToken cancellation)
    {
        await CallAsync("session.logout", cancellation);
        Session = "";
    }

    /// <summary>Calls <paramref name="method"/> with the session as its first argument.</summary>
    public Task<object> CallAsync(string method, CancellationToken cancellation, params object[] arguments) =>
        CallRawAsync(method, [Session, .. arguments], cancellation);

    /// <summary>The same, for a method whose result is text (a reference, a number, an enumeration).</summary>
    public async Task<string> TextAsync(string method, CancellationToken cancellation, params object[] arguments) =>
        (string)await CallAsync(method, cancellation, arguments);

    /// <summary>The same, for a method whose result is a record or a map.</summary>
    public async Task<Dictionary<string, object>> MapAsync(string method, CancellationToken cancellation, params object[] arguments) =>
        (Dictionary<string, object>)await CallAsync(method, cancellation, arguments);

    /// <summary>Waits for a task, reporting its progress (0 to 1), and gives its record; a failed or cancelled task raises
    /// <see cref="XenApiFailure"/> with the task's error. The task is destroyed.</summary>
    public async Task<Dictionary<string, object>> WaitForTaskAsync(string task, Action<double>? progress, CancellationToken cancellation)
    {
        while (true)
        {
            var record = await MapAsync("task.get_record", cancellation, task);
            progress?.Invoke((double)record["progress"]);
            var status = (string)record["status"];
            if (status is "pending" or "cancelling")
            {
                await Task.Delay(100, cancellation);
                continue;
            }

            await CallAsync("task.destroy", cancellation, task);
            var error = ((object[])record["error_info"]).Cast<string>().ToArray();
            return status == "success" ? record : throw new XenApiFailure(error.Length > 0 ? error : [status]);
        }
    }

    /// <summary>Calls <paramref name="method"/> with exactly these arguments.</summary>
    public async Task<object> CallRawAsync(string method, IReadOnlyList<object> arguments, CancellationToken cancellation)
    {
        using var content = new StringContent(XmlRpc.WriteCall(method, arguments), Encoding.UTF8, "text/xml");
        using var response = await http.PostAsync(new Uri("/", UriKind.Relative), content, cancellation);
        response.EnsureSuccessStatusCode();
        var reply = XmlRpc.ReadResponse(await response.Content.ReadAsStringAsync(cancellation));
        if (reply is not Dictionary<string, object> envelope || !envelope.TryGetValue("Status", out var status))
        {
            return reply;
        }

        return status is "Success"
            ? envelope["Value"]
            : throw new XenApiFailure(((object[])envelope["ErrorDescription"]).Cast<string>().ToArray());
    }

    public void Dispose() => http.Dispose();
}
