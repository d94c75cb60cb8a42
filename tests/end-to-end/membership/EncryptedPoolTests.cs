using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Membership;

/// <summary>Hosts that serve HTTPS call each other over it, and verify each other's certificates where they are told to.</summary>
public sealed class EncryptedPoolTests : MembershipTests
{
    [Fact]
    public async Task HostsJoinAndForwardOverTlsWhenTheyTrustEachOther()
    {
        await StartAsync(new PoolOptions { StandAlone = true, Tls = true, XapiLines = ["pool-verify-certificates = true", "pool-join-trusts-first-contact = false"] });
        using (var second = await Pool.LoginAsync(Cancel, Second))
        {
            // The coordinator answers over HTTP as well, but a password goes to nobody who is not trusted.
            await FailsAsync(["JOINING_HOST_CONNECTION_FAILED"], second, "pool.join", First.Address, DevelopmentPool.User, Pool.Password);
            await UntilAsync("the log says why", () => Task.FromResult(Second.Xapi.LogTail().Contains(Second.TrustedHosts, StringComparison.Ordinal)));
        }

        var shown = string.Join('\n', Pool.Hosts.Select(static host =>
        {
            using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(host.Certificate));
            return certificate.ExportCertificatePem();
        }));
        foreach (var host in Pool.Hosts)
        {
            await File.WriteAllTextAsync(host.TrustedHosts, shown, Cancel);
            await File.WriteAllTextAsync(host.TrustedCertificates, shown, Cancel);
        }

        await Pool.JoinAsync(Second, First, Cancel);
        using var first = await Pool.LoginAsync(Cancel, First);
        var vm = await VmAsync(first, "moves", Cancel);
        await first.CallAsync("VM.start_on", Cancel, vm, await first.TextAsync("host.get_by_uuid", Cancel, Second.Uuid), false, false);
        await first.CallAsync("VM.pool_migrate", Cancel, vm, await first.TextAsync("host.get_by_uuid", Cancel, First.Uuid), new Dictionary<string, string> { ["live"] = "true" });
        Assert.Equal(0, (await GuestMemory.VerifyAsync(first, vm, Cancel)).Errors);
        await first.CallAsync("VM.hard_shutdown", Cancel, vm);

        // Clients may be told to use TLS on every host; who asks a member is told by which certificate it knows the coordinator.
        var pool = (string)Assert.Single((object[])await first.CallAsync("pool.get_all", Cancel));
        foreach (var only in new[] { true, false })
        {
            await first.CallAsync("pool.set_https_only", Cancel, pool, only);
            foreach (var host in Pool.Hosts)
            {
                Assert.Equal(only, (bool)await first.CallAsync("host.get_https_only", Cancel, await first.TextAsync("host.get_by_uuid", Cancel, host.Uuid)));
            }
        }

        using var certificate = X509Certificate2.CreateFromPem(await File.ReadAllTextAsync(First.Certificate, Cancel));
        var digest = BitConverter.ToString(certificate.GetCertHash(HashAlgorithmName.SHA256)).Replace('-', ':').ToLowerInvariant();
        await UntilAsync("the member knows the coordinator's certificate", async () => digest.Equals(await ThumbprintAsync(Second), StringComparison.Ordinal));

        // A coordinator that is trusted no more is not listened to.
        File.Delete(Second.TrustedHosts);
        Directory.CreateDirectory(Second.TrustedHosts);
        Second.Xapi.Kill();
        using var member = XenApiClient.OverTcp(Second.Url);
        await UntilAsync("the member has no coordinator", async () => (bool)await member.CallRawAsync("host.is_in_emergency_mode", [], Cancel));
        Directory.Delete(Second.TrustedHosts);
        await File.WriteAllTextAsync(Second.TrustedHosts, shown, Cancel);
        await UntilAsync("it has one again", async () => !(bool)await member.CallRawAsync("host.is_in_emergency_mode", [], Cancel));
    }

    /// <summary>Nobody fills in bundles: who joins trusts whoever answers once, and after that the hosts of the pool know each other's certificates,
    /// the new ones of those that get others too, until they part.</summary>
    [Fact]
    public async Task HostsThatJoinTrustEachOtherUntilTheyPart()
    {
        await StartAsync(new PoolOptions
        {
            StandAlone = true,
            Tls = true,
            XapiLines = ["pool-verify-certificates = true", "host_heartbeat_interval = 2", "host_assumed_dead_interval = 60"],
        });
        foreach (var host in Pool.Hosts)
        {
            // As on a real host, where both daemons use one bundle.
            File.CreateSymbolicLink(host.TrustedCertificates, host.TrustedHosts);
        }

        await Pool.JoinAsync(Second, First, Cancel);
        await TrustAsync(First, First, Second);
        await TrustAsync(Second, First, Second);
        using var first = await Pool.LoginAsync(Cancel, First);
        var there = await first.TextAsync("host.get_by_uuid", Cancel, Second.Uuid);
        var vm = await VmAsync(first, "moves", Cancel);
        await first.CallAsync("VM.start_on", Cancel, vm, there, false, false);
        await first.CallAsync("VM.pool_migrate", Cancel, vm, await first.TextAsync("host.get_by_uuid", Cancel, First.Uuid), new Dictionary<string, string> { ["live"] = "true" });
        Assert.Equal(0, (await GuestMemory.VerifyAsync(first, vm, Cancel)).Errors);

        var before = Shown(Second);
        await first.CallAsync("host.reset_server_certificate", Cancel, there);
        Assert.NotEqual(before, Shown(Second));
        await TrustAsync(First, First, Second);
        await first.CallAsync("VM.pool_migrate", Cancel, vm, there, new Dictionary<string, string> { ["live"] = "true" });
        await first.CallAsync("VM.hard_shutdown", Cancel, vm);

        await first.CallAsync("pool.eject", Cancel, there);
        await TrustAsync(First, First);
        await TrustAsync(Second, Second);
    }

    /// <summary>Waits until a host trusts exactly the certificates of these.</summary>
    private Task TrustAsync(PoolHost host, params PoolHost[] trusted) => UntilAsync($"host {host.Number} trusts {trusted.Length}", () =>
    {
        var bundle = new X509Certificate2Collection();
        bundle.ImportFromPemFile(host.TrustedHosts);
        return Task.FromResult(bundle.Select(static one => one.Thumbprint).Order().SequenceEqual(trusted.Select(Shown).Order()));
    });

    private static string Shown(PoolHost host)
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(host.Certificate));
        return certificate.Thumbprint;
    }

    /// <summary>What a member adds to HOST_IS_SLAVE for a client that asks.</summary>
    private async Task<string?> ThumbprintAsync(PoolHost member)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(member.Url, "/jsonrpc"))
        {
            Content = new StringContent("{\"jsonrpc\":\"2.0\",\"method\":\"session.login_with_password\",\"params\":[\"root\",\"x\"],\"id\":1}"),
        };
        request.Headers.Add("x-xenapi-request-host-certificate-thumbprint", "sha-256:master");
        using var response = await http.SendAsync(request, Cancel);
        Assert.Contains("HOST_IS_SLAVE", await response.Content.ReadAsStringAsync(Cancel), StringComparison.Ordinal);
        return response.Headers.TryGetValues("x-xenapi-response-host-certificate-thumbprint", out var values) ? values.Single() : null;
    }
}
