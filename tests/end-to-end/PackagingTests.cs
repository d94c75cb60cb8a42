using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What `make install` puts in place fits together, and what an administrator changed stays.</summary>
public sealed partial class PackagingTests : DeadlineTests
{
    private readonly string root = Directory.CreateTempSubdirectory("toolstack-install-").FullName;

    [Fact]
    public async Task TheUnitsNameTheInstalledExecutables()
    {
        await InstallAsync();
        foreach (var unit in Directory.EnumerateFiles(Path.Combine(root, "usr/lib/systemd/system"), "*.service"))
        {
            var text = await File.ReadAllTextAsync(unit, Cancel);
            Assert.DoesNotMatch(Placeholder(), text);
            Assert.True(File.Exists(root + StartedProgram().Match(text).Groups["path"].Value), unit);
        }
    }

    [Fact]
    public async Task AConfigurationFileThatExistsIsLeftAlone()
    {
        await InstallAsync();
        var file = Path.Combine(root, "etc/xapi.conf");
        await File.WriteAllTextAsync(file, "http-port = 8080\n", Cancel);
        await InstallAsync();
        Assert.Equal("http-port = 8080\n", await File.ReadAllTextAsync(file, Cancel));
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        Directory.Delete(root, recursive: true);
    }

    private async Task InstallAsync()
    {
        var script = Path.Combine(Repository.Root, "packaging/build/install");
        var info = new ProcessStartInfo(script, [Repository.Binaries, Repository.Native, root, "/usr", "/etc"])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardError = true,
        };
        using var install = Process.Start(info)!;
        var error = await install.StandardError.ReadToEndAsync(Cancel);
        await install.WaitForExitAsync(Cancel);
        Assert.True(install.ExitCode == 0, error);
    }

    [GeneratedRegex("@[a-z]+@")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"^ExecStart=(?<path>\S+)", RegexOptions.Multiline)]
    private static partial Regex StartedProgram();
}
