using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Toolstack.Idl;
using Toolstack.Interop.Linux;
using Xunit;

namespace Toolstack.Tests.Xapi;

public class TlsTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheSameCallsAreAnsweredOverTls()
    {
        await using XapiServer server = await XapiServer.StartAsync(tls: true);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(server.CertificatePath));
        using SslStream stream = await ConnectAsync(server);
        for (int i = 0; i < 3; i++)
        {
            (string head, string body) = await PostAsync(stream, $"<methodCall><methodName>system.isAlive:x</methodName><params><param><value>{i}</value></param></params></methodCall>");
            Assert.StartsWith("HTTP/1.1 200", head, StringComparison.Ordinal);
            Assert.Contains($"<value>{i}</value>", body, StringComparison.Ordinal);
        }

        (string login, string text) = await PostAsync(stream, Call("session.login_with_password", "root", "secret"));
        Assert.StartsWith("HTTP/1.1 200", login, StringComparison.Ordinal);
        Assert.Contains("OpaqueRef:", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ALargeBodyGoesBothWays()
    {
        await using XapiServer server = await XapiServer.StartAsync(tls: true);
        using SslStream stream = await ConnectAsync(server);
        string large = new('x', 700_000);
        (_, string body) = await PostAsync(stream, Call("system.isAlive:x", large));
        Assert.Contains(large, body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ACertificateThatIsReplacedCountsForTheNextClient()
    {
        await using XapiServer server = await XapiServer.StartAsync(tls: true);
        string before = await ShownAsync(server);
        File.Delete(server.CertificatePath);
        server.Certificate.Ensure();
        File.SetLastWriteTimeUtc(server.CertificatePath, DateTime.UtcNow.AddMinutes(1));
        Assert.NotEqual(before, await ShownAsync(server));
    }

    [Fact]
    public async Task WhoSpeaksNoTlsIsTurnedAway()
    {
        await using XapiServer server = await XapiServer.StartAsync(tls: true);
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(server.Tls, Cancel);
        await socket.SendAsync("GET / HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray(), Cancel);
        byte[] bytes = new byte[1024];
        int read;
        do
        {
            read = await socket.ReceiveAsync(bytes, Cancel);
            Assert.False(Encoding.ASCII.GetString(bytes, 0, read).StartsWith("HTTP", StringComparison.Ordinal));
        }
        while (read > 0);
    }

    [Fact]
    public async Task AWaitForEventsEndsWhenItsClientLeaves()
    {
        await using XapiServer server = await XapiServer.StartAsync(tls: true);
        Value session = await server.LoginAsync();
        SslStream stream = await ConnectAsync(server);
        await stream.WriteAsync(Request(Call("event.from", session.AsString()).Replace("</params>",
            "<param><value><array><data><value>task</value></data></array></value></param><param><value>00000000000000000000,00000000000000000000</value></param><param><value><double>60</double></value></param></params>",
            StringComparison.Ordinal)), Cancel);
        await stream.DisposeAsync();
        await server.CallAsync("VM.get_all", session);
    }

    [Fact]
    public async Task AMigrationIsCarriedToXenopsdDecrypted()
    {
        await using XapiServer server = await XapiServer.StartAsync(tls: true);
        Value session = await server.LoginAsync();
        using var xenopsd = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        xenopsd.Bind(new UnixDomainSocketEndPoint(server.HandOverPath));
        xenopsd.Listen();
        using SslStream stream = await ConnectAsync(server);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"PUT /services/xenops/memory/x?session_id={session.AsString()} HTTP/1.1\r\nHost: x\r\n\r\nhello"), Cancel);

        using Socket handed = await xenopsd.AcceptAsync(Cancel);
        await handed.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, Cancel);
        List<Microsoft.Win32.SafeHandles.SafeFileHandle> descriptors = [];
        byte[] record = new byte[16384];
        int length = UnixRights.Receive(handed, record, descriptors);
        Assert.Contains("/services/xenops/memory/x", Encoding.UTF8.GetString(record, 0, length), StringComparison.Ordinal);
        using var end = new Socket(new SafeSocketHandle(Assert.Single(descriptors).DangerousGetHandle(), ownsHandle: true));
        descriptors[0].SetHandleAsInvalid();
        byte[] got = new byte[5];
        await end.ReceiveAsync(got, Cancel);
        Assert.Equal("hello", Encoding.ASCII.GetString(got));
        await end.SendAsync("handshake"u8.ToArray(), Cancel);
        byte[] answer = new byte[9];
        await stream.ReadExactlyAsync(answer, Cancel);
        Assert.Equal("handshake", Encoding.ASCII.GetString(answer));
        end.Dispose();
        Assert.Equal(0, await stream.ReadAsync(answer, Cancel));
    }

    /// <summary>The digest of the certificate that a new client sees.</summary>
    internal static async Task<string> ShownAsync(XapiServer server)
    {
        using SslStream stream = await ConnectAsync(server);
        return stream.RemoteCertificate!.GetCertHashString();
    }

    private static async Task<SslStream> ConnectAsync(XapiServer server)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync((EndPoint)server.Tls, Cancel);
        var stream = new SslStream(new NetworkStream(socket, ownsSocket: true), false, static (_, shown, _, _) => shown is not null);
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost" }, Cancel);
        return stream;
    }

    private static async Task<(string Head, string Body)> PostAsync(SslStream stream, string body)
    {
        await stream.WriteAsync(Request(body), Cancel);
        return await XapiServer.ReadAsync((buffer, cancel) => stream.ReadAsync(buffer, cancel));
    }

    private static byte[] Request(string body) => Encoding.UTF8.GetBytes($"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}");

    private static string Call(string method, params string[] texts) =>
        $"<methodCall><methodName>{method}</methodName><params>{string.Concat(texts.Select(t => $"<param><value>{t}</value></param>"))}</params></methodCall>";
}
