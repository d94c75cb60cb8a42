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

    private async Task<(int Status, string Output, string Error)> RunAsync(params string[] words)
    {
        var info = new ProcessStartInfo(Path.Combine(Repository.Binaries, "xe"), ["-s", fixture.Pool.Coordinator.XapiSocket, .. words])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["HOME"] = "/nonexistent";
        using var xe = Process.Start(info)!;
        var output = xe.StandardOutput.ReadToEndAsync(Cancel);
        var error = xe.StandardError.ReadToEndAsync(Cancel);
        await xe.WaitForExitAsync(Cancel);
        return (xe.ExitCode, await output, await error);
    }
}
