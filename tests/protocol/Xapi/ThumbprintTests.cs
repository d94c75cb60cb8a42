using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>What the pool's rows say of the certificate that a host shows, and what a member tells its clients of the coordinator's.</summary>
public class ThumbprintTests
{
    private const string Told = "x-xenapi-response-host-certificate-thumbprint: ";
    private const string Login = "{\"jsonrpc\":\"2.0\",\"method\":\"session.login_with_password\",\"params\":[\"root\",\"secret\"],\"id\":1}";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task AMemberTellsByWhichCertificateTheCoordinatorIsKnown()
    {
        await using XapiServer member = await XapiServer.StartAsync(coordinator: false, tls: true);
        await EnterAsync(member);
        using X509Certificate2 shown = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(member.CertificatePath, Cancel));
        Assert.Equal(Pairs(SHA256.HashData(shown.RawData)), await AskAsync(member, "sha-256:master", "/jsonrpc", Login));
        Assert.Equal(Pairs(shown.GetCertHash()), await AskAsync(member, "sha-1:master", "/jsonrpc", Login));
        const string Xml = "<methodCall><methodName>session.login_with_password</methodName><params><param><value>root</value></param><param><value>secret</value></param></params></methodCall>";
        Assert.Equal(Pairs(SHA256.HashData(shown.RawData)), await AskAsync(member, "sha-256:master", "/", Xml));

        // Not to whoever asks for something else, and not with other answers.
        Assert.Null(await AskAsync(member, "md5:master", "/jsonrpc", Login));
        Assert.Null(await AskAsync(member, "sha-256:master", "/jsonrpc", Login.Replace("login_with_password", "slave_login", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task AMemberWhoseCoordinatorHasNoCertificateTellsOnlyWhereItIs()
    {
        await using XapiServer member = await XapiServer.StartAsync(coordinator: false);
        await EnterAsync(member);
        Assert.Null(await AskAsync(member, "sha-256:master", "/jsonrpc", Login));
    }

    [Fact]
    public async Task TheRowFollowsTheCertificate()
    {
        await using XapiServer server = await XapiServer.StartAsync(tls: true);
        Ref<host> self = await EnterAsync(server);
        (Ref<Certificate> first, Certificate row) = Assert.Single(await server.Database.GetAll<Certificate>(Cancel));
        Assert.Equal(certificate_type.host, row.type);
        Assert.True(row.not_before < DateTimeOffset.UtcNow && row.not_after > DateTimeOffset.UtcNow.AddYears(1));
        Assert.Equal([first], (await server.Database.Get(self, Cancel)).certificates);

        long before = server.Database.Generation;
        await CertificateRows.RefreshAsync(server.Services, Cancel);
        Assert.Equal(before, server.Database.Generation);

        Value session = await server.LoginAsync();
        await server.CallAsync("host.reset_server_certificate", session, new Value.Text(self.ToString()));
        using X509Certificate2 shown = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(server.CertificatePath, Cancel));
        (Ref<Certificate> second, Certificate renewed) = Assert.Single(await server.Database.GetAll<Certificate>(Cancel));
        Assert.Equal(Pairs(SHA256.HashData(shown.RawData)), renewed.fingerprint);
        Assert.Equal([second], (await server.Database.Get(self, Cancel)).certificates);
        Assert.NotEqual(first, second);
    }

    /// <summary>The host's row, which is the coordinator's, and that of its certificate.</summary>
    private static async Task<Ref<host>> EnterAsync(XapiServer server)
    {
        Ref<host> self = await server.Database.Create(new host { uuid = server.Services.Identity.Uuid }, Cancel);
        await server.Database.Create(new pool { uuid = "p", master = self }, Cancel);
        server.Services.Identity.Localhost = self;
        await CertificateRows.RefreshAsync(server.Services, Cancel);
        return self;
    }

    private static async Task<string?> AskAsync(XapiServer server, string kind, string path, string body)
    {
        using Socket socket = await server.ConnectAsync();
        await socket.SendAsync(Encoding.UTF8.GetBytes(
            $"POST {path} HTTP/1.1\r\nHost: x\r\nX-XenAPI-Request-Host-Certificate-Thumbprint: {kind}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"), Cancel);
        (string head, string answer) = await XapiServer.ReadAsync(socket);
        Assert.Contains(body.Contains("slave_login", StringComparison.Ordinal) ? "error" : "HOST_IS_SLAVE", answer, StringComparison.Ordinal);
        return head.Split("\r\n").FirstOrDefault(static line => line.StartsWith(Told, StringComparison.OrdinalIgnoreCase))?[Told.Length..];
    }

    private static string Pairs(byte[] digest) => BitConverter.ToString(digest).Replace('-', ':').ToLowerInvariant();
}
