using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool whose hosts serve XenAPI over TLS; each trusts the certificates of both.</summary>
public sealed class EncryptedFixture : PoolFixture
{
    protected override PoolOptions Options => new() { Tls = true };

    internal static async Task TrustAsync(PoolHost host, IEnumerable<string> certificates, CancellationToken cancel) =>
        await File.WriteAllTextAsync(host.TrustedCertificates, string.Join('\n', certificates), cancel);

    /// <summary>The certificates that the hosts show, in PEM without their keys.</summary>
    internal IEnumerable<string> Shown => Pool.Hosts.Select(static host =>
    {
        using var certificate = X509Certificate2.CreateFromPem(File.ReadAllText(host.Certificate));
        return certificate.ExportCertificatePem();
    });
}

/// <summary>VM.pool_migrate between hosts that encrypt: https is what xapi asks for wherever hosts serve it.</summary>
public sealed class EncryptedMigrationTests(EncryptedFixture fixture) : DeadlineTests, IClassFixture<EncryptedFixture>
{
    private PoolHost Source => fixture.Pool.Coordinator;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task AVmMovesOverTlsToAHostThatIsTrusted(bool compress)
    {
        await EncryptedFixture.TrustAsync(Source, fixture.Shown, Cancel);
        await using var vm = await fixture.StartVmAsync(Cancel);
        var before = await vm.VerifyMemoryAsync(Cancel);
        var options = new Dictionary<string, string> { ["live"] = "true", ["compress"] = compress ? "true" : "false" };
        await fixture.Client.CallAsync("VM.pool_migrate", Cancel, vm.Ref, await fixture.HostRefAsync(2, Cancel), options);
        Assert.Equal(("Running", 2), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
        var after = await vm.VerifyMemoryAsync(Cancel);
        Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));
    }

    [Theory]
    [InlineData("another")] // the certificate of somebody else of the same name
    [InlineData("none")] // there is nothing to verify it with
    public async Task AVmStaysWhenTheTargetIsNotTrusted(string trusted)
    {
        await using var vm = await fixture.StartVmAsync(Cancel);
        var before = await vm.VerifyMemoryAsync(Cancel);
        File.Delete(Source.TrustedCertificates);
        if (trusted == "another")
        {
            await EncryptedFixture.TrustAsync(Source, [Another()], Cancel);
        }

        var failure = await Assert.ThrowsAsync<XenApiFailure>(() => fixture.MigrateAsync(vm.Ref, 2, Cancel));
        Assert.Equal("VM_MIGRATE_CONTACT_REMOTE_SERVICE_FAILED", failure.Code);
        Assert.Contains("certificate", Source.Xenopsd.LogTail(), StringComparison.Ordinal);
        Assert.Equal(("Running", 1), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
        var after = await vm.VerifyMemoryAsync(Cancel);
        Assert.Equal((0L, before.Pages), (after.Errors, after.Pages));

        await EncryptedFixture.TrustAsync(Source, fixture.Shown, Cancel);
        await fixture.MigrateAsync(vm.Ref, 2, Cancel);
        Assert.Equal(("Running", 2), (await vm.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(vm.Ref, Cancel)));
    }

    /// <summary>A certificate with the subject of the target's, and a key that is not.</summary>
    private string Another()
    {
        using var shown = X509Certificate2.CreateFromPem(File.ReadAllText(fixture.Pool.Hosts[1].Certificate));
        using var key = RSA.Create(2048);
        var request = new CertificateRequest(shown.SubjectName, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var other = request.CreateSelfSigned(shown.NotBefore, shown.NotAfter);
        return other.ExportCertificatePem();
    }
}
