using System.Diagnostics;
using Toolstack.Interop.Xen;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Backends.Xen.Building;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.XenBuilding;

/// <summary>What becomes of what the helper says; a script stands in for it.</summary>
public sealed class DomainBuilderTests : IDisposable
{
    private readonly string directory = Directory.CreateTempSubdirectory("builder-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task TheFramesOfTheRingsAreRead()
    {
        string seen = Path.Combine(directory, "seen");
        var rings = await RunAsync($"echo \"$@\" > {seen}; cat > {seen}.acpi; echo 'something else'; echo 'result:1044476 1044479'");
        Assert.Equal(new GuestRings(1044476, 1044479), rings);
        string arguments = await File.ReadAllTextAsync(seen, TestContext.Current.CancellationToken);
        Assert.Contains("--xen 4.17 --domid 7 --kind pvh", arguments, StringComparison.Ordinal);
        Assert.Contains("--memory-mib 32 --memory-max-mib 64 --vcpus 2 --store-port 1 --console-port 2", arguments, StringComparison.Ordinal);
        Assert.Contains("--acpi-address 4227858432", arguments, StringComparison.Ordinal);
        Assert.Equal(AcpiTables.Create(2), await File.ReadAllBytesAsync(seen + ".acpi", TestContext.Current.CancellationToken));
    }

    [Theory]
    [InlineData("echo 'error: xc_dom_parse_image bad image' >&2; exit 1", "exit code 1: error: xc_dom_parse_image bad image")]
    [InlineData("kill -ABRT $$", "exit code 134")]
    [InlineData("echo result:5", "exit code 0")]
    [InlineData("echo result:five six", "exit code 0")]
    public async Task AHelperThatFailsIsAnError(string script, string expected)
    {
        var error = await Assert.ThrowsAsync<XenopsError>(() => RunAsync(script));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AHelperThatIsNotWaitedForIsKilled()
    {
        string pid = Path.Combine(directory, "pid");
        using CancellationTokenSource cancel = new();
        var running = RunAsync($"echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 600", cancel.Token);
        while (!File.Exists(pid))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        string process = "/proc/" + (await File.ReadAllTextAsync(pid, TestContext.Current.CancellationToken)).Trim();
        while (Directory.Exists(process))
        {
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    [Fact]
    public async Task AMissingKernelIsNamed()
    {
        DomainBuilder builder = new("/nonexistent");
        var error = await Assert.ThrowsAsync<XenopsError>(() => builder.RunAsync(Machine, 7, Image with { Kernel = "/no/kernel" }, CancellationToken.None));
        Assert.Contains("/no/kernel", error.Message, StringComparison.Ordinal);
    }

    private static XenMachine Machine => new(1, 1 << 30, 1 << 29, 4, 17, "hvm-3.0-x86_64");

    private GuestImage Image => new(GuestKind.Pvh, Path.Combine(directory, "kernel"), "quiet", null, 64 << 20, 32 << 20, 1, 2, 2, null);

    private async Task<GuestRings> RunAsync(string script, CancellationToken? cancel = null)
    {
        string helper = Path.Combine(directory, "helper");
        await File.WriteAllTextAsync(Path.Combine(directory, "kernel"), "", TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(helper + ".text", $"#!/bin/sh\n{script}\n", TestContext.Current.CancellationToken);

        // Another process makes it executable: a file that this one had open may still be open in a child of another test, and could not be run.
        using var install = Process.Start("install", ["-m", "0755", helper + ".text", helper]);
        await install.WaitForExitAsync(TestContext.Current.CancellationToken);
        return await new DomainBuilder(helper).RunAsync(Machine, 7, Image, cancel ?? TestContext.Current.CancellationToken);
    }
}
