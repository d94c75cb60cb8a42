using System.Diagnostics;

namespace Toolstack.EndToEnd.Pool;

/// <summary>The files of one host, as an administrator would lay them out: configuration of the daemons, inventory, passwords, pool role and secret.</summary>
public static class HostFiles
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    internal static void Write(PoolHost host, PoolOptions options, string coordinator, string passwordLine, string secret)
    {
        var place = host.Directory;
        File.WriteAllLines(In("message-switch.conf"), [$"switch-path = {host.SwitchSocket}"]);
        File.WriteAllLines(In("xen-simulator.conf"),
        [
            $"hypervisor-path = {host.HypervisorSocket}",
            $"xenstore-path = {host.XenstoreSocket}",
            $"memory-mib = {options.HostMemoryMib}",
            .. options.SimulatorLines(host.Number),
        ]);
        File.WriteAllLines(In("xenopsd.conf"),
        [
            $"switch-path = {host.SwitchSocket}",
            $"database-path = {In("xenopsd")}",
            $"handover-path = {host.HandoverSocket}",
            "backend = simulator",
            $"simulator-path = {host.HypervisorSocket}",
            .. host.TlsPort is null ? [] : (string[])[$"migration-trusted-certificates = {host.TrustedCertificates}", "migration-verify-certificates = true"],
            .. options.XenopsdLines,
        ]);
        File.WriteAllLines(In("xapi.conf"),
        [
            $"unix-socket = {host.XapiSocket}",
            $"listen-address = {host.Address}",
            "listen-loopback = false",
            $"https-port = {host.TlsPort ?? 0}",
            $"server-cert-path = {host.Certificate}",
            $"pool-trusted-certificates = {host.TrustedHosts}",
            $"pool-certificates-path = {In("certs-pool")}",
            $"http-port = {host.Url.Port}",
            $"management-address = {host.Address}",
            $"password-file = {In("passwords")}",
            $"database-path = {In("state.db")}",
            $"database-backup-path = {In("state-backup.xml")}",
            $"audit-log = {In("audit.log")}",
            $"blob-directory = {In("blobs")}",
            $"pool-role-file = {In("pool.conf")}",
            $"pool-secret-file = {In("ptoken")}",
            $"inventory = {In("inventory")}",
            $"local-state-file = {In("local.db")}",
            $"host-reboot-command = {In("reboot")}",
            $"host-shutdown-command = {In("poweroff")}",
            $"set-hostname-command = {In("hostname")}",
            $"xapi-plugins-root = {In("plugins")}",
            $"xapi-extensions-root = {In("extensions")}",
            $"host-log = {In("host.log")}",
            $"switch-path = {host.SwitchSocket}",
            $"xenopsd-forwarded-path = {host.HandoverSocket}",
            .. options.XapiLines,
        ]);
        foreach (var name in (string[])["message-switch", "xen-simulator", "xenopsd", "xapi"])
        {
            File.AppendAllLines(In(name + ".conf"), [$"metrics-path = {host.MetricsSocket(name)}", .. options.CommonLines]);
        }

        File.WriteAllLines(In("inventory"), [$"INSTALLATION_UUID='{host.Uuid}'", $"CONTROL_DOMAIN_UUID='{Guid.NewGuid()}'"]);
        File.WriteAllText(In("pool.conf"), host.Number == 1 || options.StandAlone ? "master" : "slave:" + coordinator);
        foreach (var command in (string[])["reboot", "poweroff", "hostname"])
        {
            // What would act on the machine is written down instead.
            WriteScript(In(command), $"echo {command} \"$@\" >> {In("commands.log")}");
        }

        Directory.CreateDirectory(In("plugins"));
        Directory.CreateDirectory(In("extensions"));
        WritePrivate(In("passwords"), passwordLine + "\n");
        WritePrivate(In("ptoken"), options.StandAlone ? Guid.NewGuid().ToString() : secret);

        string In(string name) => Path.Combine(place, name);
    }

    /// <summary>The line of the password file for a user, made by xapi itself.</summary>
    internal static async Task<string> HashPasswordAsync(string binaries, string user, string password, CancellationToken cancellation)
    {
        var info = new ProcessStartInfo(Path.Combine(binaries, "xapi"), ["--hash-password"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
        using var xapi = Process.Start(info) ?? throw new PoolFailure("xapi --hash-password did not start");
        await xapi.StandardInput.WriteLineAsync(password.AsMemory(), cancellation);
        xapi.StandardInput.Close();
        var line = (await xapi.StandardOutput.ReadToEndAsync(cancellation)).Trim();
        await xapi.WaitForExitAsync(cancellation);
        if (xapi.ExitCode != 0 || line.Length == 0)
        {
            throw new PoolFailure($"xapi --hash-password: exit status {xapi.ExitCode}");
        }

        return line.StartsWith(user + ":", StringComparison.Ordinal) ? line : user + ":" + line;
    }

    /// <summary>An executable shell script.</summary>
    public static void WriteScript(string path, string body)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Private | UnixFileMode.UserExecute };
        using var writer = new StreamWriter(path, options);
        writer.Write("#!/bin/sh\n" + body + "\n");
    }

    internal static void WritePrivate(string path, string content)
    {
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = Private };
        using var writer = new StreamWriter(path, options);
        writer.Write(content);
    }
}
