using System.Diagnostics;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>An administrator's shell: the real xe against a pool, over the Unix socket.</summary>
public sealed class XeTests(PoolFixture fixture) : DeadlineTests, IClassFixture<PoolFixture>
{
    [Fact]
    public async Task AVmIsInstalledStartedMovedAndRemoved()
    {
        var hosts = (await XeAsync("host-list", "params=uuid", "--minimal")).Trim().Split(',');
        Assert.Equal(2, hosts.Length);
        var vm = (await XeAsync("vm-install", "template=Linux PVH guest", "new-name-label=from a shell")).Trim();
        await XeAsync("vm-memory-limits-set", $"uuid={vm}", "static-min=16MiB", "dynamic-min=32MiB", "dynamic-max=32MiB", "static-max=32MiB");
        await XeAsync("vm-start", $"uuid={vm}");
        Assert.Equal("running", (await XeAsync("vm-param-get", $"uuid={vm}", "param-name=power-state")).Trim());
        var here = (await XeAsync("vm-param-get", $"uuid={vm}", "param-name=resident-on")).Trim();
        var there = Assert.Single(hosts, host => host != here);
        await XeAsync("vm-migrate", "vm=from a shell", $"host={there}", "live=true");
        Assert.Equal(there, (await XeAsync("vm-param-get", $"uuid={vm}", "param-name=resident-on")).Trim());
        await XeAsync("vm-param-set", $"uuid={vm}", "other-config:colour=red", "name-description=moved");
        Assert.Contains("moved", await XeAsync("vm-list", "other-config:colour=red", "params=all"), StringComparison.Ordinal);
        await XeAsync("vm-uninstall", $"uuid={vm}", "--force");
        Assert.Equal("", (await XeAsync("vm-list", $"uuid={vm}", "--minimal")).Trim());
    }

    [Fact]
    public async Task OverTheNetworkAUserAndAPasswordAreNeeded()
    {
        var server = fixture.Pool.Coordinator.Url;
        string[] remote = ["-s", server.Host, "-p", server.Port.ToString(null, null), "--nossl", "-u", "root"];
        var (status, output, error) = await StartAsync([.. remote, "-pw", fixture.Pool.Password, "host-list", "--minimal", "params=name-label"]);
        Assert.Equal((0, ""), (status, error));
        Assert.Equal("host1,host2", string.Join(',', output.Trim().Split(',').Order(StringComparer.Ordinal)));
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllLinesAsync(file, ["root", fixture.Pool.Password], Cancel);
            Assert.Equal(0, (await StartAsync([.. remote, "-pwf", file, "host-list"])).Status);
        }
        finally
        {
            File.Delete(file);
        }

        Assert.Equal((1, "", "Authentication failed\n"), await StartAsync([.. remote, "-pw", "wrong", "host-list"]));
    }

    [Fact]
    public async Task ALongOperationShowsItsProgressWhereThatIsAskedFor()
    {
        await using var vm = await fixture.StartVmAsync(Cancel, memoryMib: 16);
        var uuid = await fixture.Client.TextAsync("VM.get_uuid", Cancel, vm.Ref);
        var (status, output, error) = await RunAsync("vm-migrate", $"uuid={uuid}", "host=host2", "live=true", "--progress");
        Assert.Equal((0, ""), (status, output));
        Assert.EndsWith($"\r[{new string('#', 50)}] 100%\n", error, StringComparison.Ordinal);
        Assert.Equal((0, "", ""), await RunAsync("vm-migrate", $"uuid={uuid}", "host=host1", "live=true"));
    }

    [Fact]
    public async Task TheShellCompletesCommandsAndParameters()
    {
        Assert.Equal("vm-migrate", await CompleteAsync("vm-mig"));
        Assert.Equal("host-uuid= host=", await CompleteAsync("vm-migrate", "ho"));
        Assert.Equal("vm-migrate", await CompleteAsync("-s", "server", "vm-mig"));
    }

    [Fact]
    public async Task TheManualHasEveryCommandOfItsOwn()
    {
        var info = new ProcessStartInfo(Path.Combine(Repository.Binaries, "xe"), ["--help=man"]) { RedirectStandardOutput = true };
        using var xe = Process.Start(info)!;
        var page = await xe.StandardOutput.ReadToEndAsync(Cancel);
        await xe.WaitForExitAsync(Cancel);
        Assert.StartsWith(".TH XE 1 ", page, StringComparison.Ordinal);
        string[] sections = ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "COMMANDS", "COMMANDS OF EVERY CLASS", "FILES", "ENVIRONMENT", "EXIT STATUS", "SEE ALSO"];
        Assert.Equal(sections, page.Split('\n').Where(static line => line.StartsWith(".SH ", StringComparison.Ordinal)).Select(static line => line[4..]));
        var all = (await XeAsync("help", "--all", "--minimal")).Trim().Split(',');
        var own = all.Where(static name => !name.Contains("-param-", StringComparison.Ordinal) && !name.EndsWith("-list", StringComparison.Ordinal)).ToList();
        Assert.True(own.Count > 80, $"{own.Count} commands");
        Assert.All(own, name => Assert.Contains($"\n.TP\n\\fB{name.Replace("-", "\\-", StringComparison.Ordinal)}", page, StringComparison.Ordinal));
    }

    [Fact]
    public async Task AFailureHasItsCodeAndTheStatusOne()
    {
        var (status, output, error) = await RunAsync("vm-start", "uuid=11111111-2222-3333-4444-555555555555");
        Assert.Equal((1, ""), (status, output));
        Assert.StartsWith("Error code: UUID_INVALID\n", error, StringComparison.Ordinal);
    }

    private async Task<string> XeAsync(params string[] words)
    {
        var (status, output, error) = await RunAsync(words);
        return status == 0 ? output : throw new InvalidOperationException($"xe {string.Join(' ', words)}: {error}");
    }

    private async Task<string> CompleteAsync(params string[] words)
    {
        const string script = "source \"$0\"; COMP_WORDS=(xe \"$@\"); COMP_CWORD=$#; compopt() { :; }; _xe; echo \"${COMPREPLY[*]}\"";
        var info = new ProcessStartInfo("bash", ["-c", script, Path.Combine(Repository.Root, "packaging/completion/xe"), .. words]) { RedirectStandardOutput = true };
        info.Environment["PATH"] = Repository.Binaries + ":" + Environment.GetEnvironmentVariable("PATH");
        using var bash = Process.Start(info)!;
        var output = await bash.StandardOutput.ReadToEndAsync(Cancel);
        await bash.WaitForExitAsync(Cancel);
        return output.Trim();
    }

    private Task<(int Status, string Output, string Error)> RunAsync(params string[] words) => StartAsync(["-s", fixture.Pool.Coordinator.XapiSocket, .. words]);

    private Task<(int Status, string Output, string Error)> StartAsync(string[] words) => Xe.RunAsync(words, Cancel);
}
