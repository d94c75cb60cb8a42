using System.Diagnostics;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd.Confinement;

/// <summary>What host.reboot, host.shutdown and host.set_hostname_live run unless the administrator says otherwise reaches, from within xapi's
/// sandbox, those who may do it: the service manager and systemd-hostnamed.</summary>
public sealed class HostCommandTests : DeadlineTests
{
    private const string Manager = "/run/systemd/private";
    private const string Bus = "/run/dbus/system_bus_socket";

    /// <summary>A system of which nothing runs but what listens at $1, in place of $2.</summary>
    private const string Elsewhere = """
        mount -t tmpfs none /run && mkdir -p /run/systemd/system /run/dbus && ln -s "$1" "$2" && shift 2 && exec "$@"
        """;

    [Theory]
    [InlineData("host-reboot-command", "", Manager, "StartUnit", "reboot.target")]
    [InlineData("host-shutdown-command", "", Manager, "StartUnit", "poweroff.target")]
    [InlineData("set-hostname-command", "other-name", Bus, "SetStaticHostname", "other-name")]
    public async Task TheCommandReachesWhoMayDoIt(string key, string argument, string address, string method, string wanted)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "namespaces and mounts are root's");
        Assert.SkipUnless(File.Exists("/sbin/reboot") && File.Exists("/usr/bin/hostnamectl"), "needs systemd's programs");
        using var confinement = await DaemonConfinement.BuildAsync(Cancel);
        var top = Directory.CreateTempSubdirectory("toolstack-command-");
        try
        {
            var place = top.CreateSubdirectory("host1").FullName;
            await File.WriteAllTextAsync(Path.Combine(place, "xapi.notify"), "", Cancel);
            var socket = Path.Combine(place, "bus");
            using var bus = new FakeBus(socket);
            var command = await DefaultAsync(key, place);
            string[] elsewhere = ["--mount", "sh", "-c", Elsewhere, "sh", socket, address];
            string[] line = argument.Length == 0 ? ["/usr/bin/env", command] : ["/usr/bin/env", command, argument];
            using var run = Process.Start(
                new ProcessStartInfo("unshare", [.. elsewhere, .. confinement.Launch("xapi", place), .. line]) { RedirectStandardError = true })!;
            var errors = run.StandardError.ReadToEndAsync(Cancel);
            var heard = bus.HearAsync(wanted, Cancel);
            if (await Task.WhenAny(heard, errors) != heard)
            {
                Assert.Fail($"{command} ended with {await errors}");
            }

            run.Kill(entireProcessTree: true);
            await run.WaitForExitAsync(Cancel);
            Assert.Contains(method, await heard, StringComparison.Ordinal);
        }
        finally
        {
            top.Delete(recursive: true);
        }
    }

    /// <summary>Our own script stands in the tree until it is installed; the sandbox may hide that.</summary>
    private async Task<string> DefaultAsync(string key, string place)
    {
        using var xapi = Process.Start(new ProcessStartInfo(Path.Combine(new PoolOptions().Binaries, "xapi"), ["--help=conf"]) { RedirectStandardOutput = true })!;
        var text = await xapi.StandardOutput.ReadToEndAsync(Cancel);
        await xapi.WaitForExitAsync(Cancel);
        var line = text.Split('\n').Select(static line => line.TrimStart('#', ' ')).Single(line => line.StartsWith(key + " =", StringComparison.Ordinal));
        var path = line[(line.IndexOf('=', StringComparison.Ordinal) + 1)..].Trim();
        if (!path.StartsWith("/usr/libexec/xapi-toolstack/", StringComparison.Ordinal))
        {
            return path;
        }

        var copy = Path.Combine(place, Path.GetFileName(path));
        File.Copy(Path.Combine(Repository.Root, "packaging/tools", Path.GetFileName(path)), copy);
        return copy;
    }
}
