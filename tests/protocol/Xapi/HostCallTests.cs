using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>Messages of class host that need no hypervisor: certificates, encryption, boot options, power by plug-ins, agents.</summary>
public class HostCallTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task TheServersCertificateIsShownInstalledAndMadeAnew()
    {
        await using XapiServer server = await XapiServer.StartAsync(tls: true);
        (Value session, Value host) = await HostAsync(server);
        string made = await TlsTests.ShownAsync(server);
        Assert.Equal(made, DigestOf((await server.CallAsync("host.get_server_certificate", session, host)).AsString()));

        using RSA key = RSA.Create(2048);
        using RSA other = RSA.Create(2048);
        string theirs = SelfSigned(key);
        await server.CallAsync("host.install_server_certificate", session, host, Text(theirs), Text(key.ExportPkcs8PrivateKeyPem()));
        Assert.Equal(DigestOf(theirs), await TlsTests.ShownAsync(server));
        await FailsAsync(
            server, ["SERVER_CERTIFICATE_KEY_MISMATCH"], "host.install_server_certificate", session, host, Text(theirs), Text(other.ExportPkcs8PrivateKeyPem()));
        await FailsAsync(
            server, ["SERVER_CERTIFICATE_INVALID"], "host.install_server_certificate", session, host, Text("nonsense"), Text(key.ExportPkcs8PrivateKeyPem()));
        Assert.Equal(DigestOf(theirs), await TlsTests.ShownAsync(server));

        await server.CallAsync("host.reset_server_certificate", session, host);
        string again = await TlsTests.ShownAsync(server);
        await server.CallAsync("host.emergency_reset_server_certificate", session);
        Assert.Equal(4, new HashSet<string> { made, DigestOf(theirs), again, await TlsTests.ShownAsync(server) }.Count);
    }

    [Fact]
    public async Task CallsAreTimedAndHighAvailabilityIsNotArmed()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (Value session, Value host) = await HostAsync(server);
        await FailsAsync(server, ["HA_NOT_ENABLED"], "host.emergency_ha_disable", session);
        var times = (Value.Struct)await server.CallAsync("host.get_diagnostic_timing_stats", session, host);
        Assert.True(double.Parse(times.Find("host.emergency_ha_disable")!.AsString(), System.Globalization.CultureInfo.InvariantCulture) >= 0);
        times = (Value.Struct)await server.CallAsync("host.get_diagnostic_timing_stats", session, host, new Value.Bool(true));
        Assert.EndsWith(" (n = 1)", times.Find("host.emergency_ha_disable")!.AsString(), StringComparison.Ordinal);
        Assert.Null(times.Find("VM.start"));
    }

    [Fact]
    public async Task AHostIsSwitchedOnByItsPlugin()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (Value session, Value host) = await HostAsync(server);
        await FailsAsync(server, ["HOST_POWER_ON_MODE_DISABLED"], "host.power_on", session, host);
        await server.CallAsync(
            "host.set_power_on_mode", session, host, Text("wake-on-lan"), new Value.Struct([new("mac", Text("00:16:3e:00:00:01"))]));
        await FailsAsync(server, ["XENAPI_MISSING_PLUGIN", "power-on-host"], "host.power_on", session, host);
        Directory.CreateDirectory(server.PluginDirectory);
        string asked = Path.Combine(server.PluginDirectory, "asked");
        await ScriptAsync(Path.Combine(server.PluginDirectory, "power-on-host"), $$"""
            printf '%s' "$1" > {{asked}}
            echo '<?xml version="1.0"?><methodResponse><params><param><value><struct><member><name>Status</name><value>Success</value></member><member><name>Value</name><value>True</value></member></struct></value></param></params></methodResponse>'
            """);
        await server.CallAsync("host.power_on", session, host);
        string call = await File.ReadAllTextAsync(asked, Cancel);
        Assert.Contains("<methodName>main</methodName>", call, StringComparison.Ordinal);
        foreach (string argument in (string[])["wake-on-lan", "00:16:3e:00:00:01", "the-host"])
        {
            Assert.Contains($"<value>{argument}</value>", call, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task AnAgentThatIsShutDownEndsForGood()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        await server.CallAsync("host.shutdown_agent", await server.LoginAsync());
        Assert.Equal("host.shutdown_agent", await server.Services.StopWanted.Task.WaitAsync(TimeSpan.FromSeconds(60), Cancel));
        Assert.False(server.Services.RestartWanted.Task.IsCompleted);
    }

    [Fact]
    public async Task TheSchedulersGranularityIsAnOptionOfXen()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (_, Value host) = await HostAsync(server);
        // Only root on this host may, by the rules of the message.
        Value root = await server.CallAsync(unix: true, "session.login_with_password", Text("root"), Text(""));
        string kept = server.XenCommandLine + ".kept";
        await ScriptAsync(server.XenCommandLine, $$"""
            case "$1" in
            --get-xen) [ "$2" = sched-gran ] && cat {{kept}} 2>/dev/null; exit 0;;
            --set-xen) echo "$2" > {{kept}};;
            *) echo "what is $1?" >&2; exit 1;;
            esac
            """);
        Assert.Equal("cpu", await TextAsync("host.get_sched_gran"));
        foreach (string value in (string[])["core", "socket", "cpu"])
        {
            await server.CallAsync("host.set_sched_gran", root, host, Text(value));
            Assert.Equal(value, await TextAsync("host.get_sched_gran"));
        }

        await File.WriteAllTextAsync(kept, "sched-gran=rack\n", Cancel);
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync("host.get_sched_gran", root, host));
        Assert.Equal("INTERNAL_ERROR", error.Code);

        async Task<string> TextAsync(string method) => (await server.CallAsync(method, root, host)).AsString();
    }

    [Fact]
    public async Task EncryptionAndFirmwareAreSettings()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (Value session, Value host) = await HostAsync(server);
        var self = new Ref<host>(host.AsString());
        server.Services.Identity.Localhost = self;
        await server.CallAsync("host.set_https_only", session, host, new Value.Bool(true));
        Assert.True(server.Services.HttpsOnly && (await server.Database.Get(self, Cancel)).https_only);
        // From where the server stands it is still served.
        await server.CallAsync("host.set_https_only", session, host, new Value.Bool(false));
        Assert.False(server.Services.HttpsOnly);
        Value root = await server.CallAsync(unix: true, "session.login_with_password", Text("root"), Text(""));
        await server.CallAsync("host.emergency_reenable_tls_verification", root);
        Assert.True((await server.Database.Get(self, Cancel)).tls_verification_enabled);
        await server.CallAsync("host.emergency_disable_tls_verification", root);
        Assert.False((await server.Database.Get(self, Cancel)).tls_verification_enabled);
        await server.CallAsync("host.set_uefi_certificates", root, host, Text("Y2VydA=="));
        Assert.Equal("Y2VydA==", (await server.CallAsync("host.get_uefi_certificates", session, host)).AsString());
    }

    /// <summary>Without a directory service there is nothing to ask about users.</summary>
    [Fact]
    public async Task LocalAccountsHaveNoDirectory()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        Value session = await server.LoginAsync();
        foreach (string method in (string[])["auth.get_subject_identifier", "auth.get_subject_information_from_identifier", "auth.get_group_membership"])
        {
            await FailsAsync(server, ["AUTH_IS_DISABLED"], method, session, Text("somebody"));
        }
    }

    [Fact]
    public async Task AnInterfaceTakesItsAddresses()
    {
        await using XapiServer server = await XapiServer.StartAsync();
        (Value session, Value host) = await HostAsync(server);
        Value pif = await server.CallAsync("PIF.introduce", session, host, Text("00:16:3e:00:00:02"), Text("eth7"), new Value.Bool(true));
        await ReconfigureAsync("Static", "192.0.2.2", "255.255.255.0", "192.0.2.1", "192.0.2.53,192.0.2.54");
        await FailsAsync(server, ["INVALID_IP_ADDRESS_SPECIFIED", "IP"], "PIF.reconfigure_ip", Arguments("Static", "", "255.0.0.0", "", ""));
        await FailsAsync(server, ["INVALID_IP_ADDRESS_SPECIFIED", "netmask"], "PIF.reconfigure_ip", Arguments("Static", "192.0.2.2", "x", "", ""));
        await FailsAsync(server, ["INVALID_IP_ADDRESS_SPECIFIED", "DNS"], "PIF.reconfigure_ip", Arguments("DHCP", "", "", "", "192.0.2.53,y"));
        Value.Struct record = (await server.CallAsync("PIF.get_record", session, pif)).AsStruct();
        Assert.Equal(["Static", "192.0.2.2", "255.255.255.0", "192.0.2.1", "192.0.2.53,192.0.2.54"],
            new[] { "ip_configuration_mode", "IP", "netmask", "gateway", "DNS" }.Select(name => record.Find(name)!.AsString()));
        await server.CallAsync("PIF.reconfigure_ipv6", session, pif, Text("Static"), Text("2001:db8::2/64"), Text("2001:db8::1"), Text(""));
        Assert.Equal([Text("2001:db8::2/64")], (await server.CallAsync("PIF.get_IPv6", session, pif)).AsArray());
        await FailsAsync(server, ["INVALID_CIDR_ADDRESS_SPECIFIED", "IPv6"], "PIF.reconfigure_ipv6", session, pif, Text("Static"), Text("2001:db8::2"), Text(""), Text(""));
        await server.Database.Update(new Ref<PIF>(pif.AsString()), static r => r with { management = true }, Cancel);
        await FailsAsync(server, ["PIF_IS_MANAGEMENT_INTERFACE", pif.AsString()], "PIF.reconfigure_ip", Arguments("None", "", "", "", ""));

        Value[] Arguments(params string[] texts) => [session, pif, .. texts.Select(Text)];
        async Task ReconfigureAsync(params string[] texts) => await server.CallAsync("PIF.reconfigure_ip", Arguments(texts));
    }

    private static async Task<(Value Session, Value Host)> HostAsync(XapiServer server) =>
        (await server.LoginAsync(), Text((await server.Database.Create(new host { uuid = "the-host" }, Cancel)).ToString()));

    private static async Task FailsAsync(XapiServer server, string[] expected, string method, params Value[] arguments)
    {
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => server.CallAsync(method, arguments));
        string[] said = [error.Code, .. error.Parameters];
        Assert.Equal(expected, said);
    }

    /// <summary>An executable script, written by another process: a child that this one starts at the same time would inherit the open file, and
    /// a script that somebody writes cannot be run.</summary>
    private static async Task ScriptAsync(string path, string text)
    {
        using Process writer = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "cat > \"$0\" && chmod 700 \"$0\"", path]) { RedirectStandardInput = true })!;
        await writer.StandardInput.WriteAsync(("#!/bin/sh\n" + text + "\n").AsMemory(), Cancel);
        writer.StandardInput.Close();
        await writer.WaitForExitAsync(Cancel);
        Assert.Equal(0, writer.ExitCode);
    }

    private static string SelfSigned(RSA key)
    {
        using X509Certificate2 certificate = new CertificateRequest("CN=theirs", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            .CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        return certificate.ExportCertificatePem();
    }

    private static string DigestOf(string pem)
    {
        using var certificate = X509Certificate2.CreateFromPem(pem);
        return certificate.GetCertHashString();
    }

    private static Value Text(string text) => new Value.Text(text);
}
