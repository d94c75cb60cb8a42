using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>What `make install` puts in place is what the packages list, and what an administrator changed stays.</summary>
public sealed partial class PackagingTests : DeadlineTests
{
    private static readonly Dictionary<string, string> Macros = new()
    {
        ["%{_sbindir}"] = "/usr/sbin",
        ["%{_bindir}"] = "/usr/bin",
        ["%{_libexecdir}"] = "/usr/libexec",
        ["%{_unitdir}"] = "/usr/lib/systemd/system",
        ["%{_mandir}"] = "/usr/share/man",
        ["%{_datadir}"] = "/usr/share",
        ["%{_sysconfdir}"] = "/etc",
    };

    private readonly string root = Directory.CreateTempSubdirectory("toolstack-install-").FullName;

    [Fact]
    public async Task ThePackagesListEveryInstalledFileOnce()
    {
        await InstallAsync();
        var installed = Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories).Select(path => path[root.Length..]).Order();
        var spec = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "packaging", "rpm", "xapi-toolstack.spec"), Cancel);
        // Every package carries the licence; anything else belongs to one.
        var licence = "/usr/share/licenses/xapi-toolstack/LICENSE";
        var listed = ListedFile().Matches(spec).Select(match => Expand(match.Groups["path"].Value)).ToArray();
        Assert.Equal(installed.Where(path => path != licence), listed.Where(path => path != licence).Order());
        Assert.Equal(FilesSection().Count(spec), listed.Count(path => path == licence));
    }

    [Fact]
    public async Task TheUnitsNameTheInstalledExecutables()
    {
        await InstallAsync();
        foreach (var unit in Directory.EnumerateFiles(Path.Combine(root, "usr/lib/systemd/system"), "*.service"))
        {
            var text = await File.ReadAllTextAsync(unit, Cancel);
            Assert.DoesNotContain("@", text, StringComparison.Ordinal);
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

    private static string Expand(string path) =>
        Macros.Aggregate(path, (text, macro) => text.Replace(macro.Key, macro.Value, StringComparison.Ordinal)).TrimEnd('*');

    [GeneratedRegex(@"^(%license |%config\(noreplace\) )?(?<path>%\{_\w+\}/\S+)$", RegexOptions.Multiline)]
    private static partial Regex ListedFile();

    [GeneratedRegex("^%files ", RegexOptions.Multiline)]
    private static partial Regex FilesSection();

    [GeneratedRegex(@"^ExecStart=(?<path>\S+)", RegexOptions.Multiline)]
    private static partial Regex StartedProgram();
}
