using Xunit;

namespace Toolstack.Tests.Packaging;

/// <summary>The Debian packages hold what the RPM packages hold.</summary>
public sealed class DebTests : IDisposable
{
    private static readonly string[] Names = ["message-switch", "xapi-core", "xapi-tools", "xe", "xen-simulator", "xenopsd"];

    private readonly CancellationTokenSource deadline = new(RpmFixture.Deadline);
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("toolstack-deb-");

    public void Dispose()
    {
        deadline.Dispose();
        directory.Delete(recursive: true);
    }

    [Fact]
    public async Task EveryFileIsInOnePackageAndConfigurationIsMarked()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/dpkg-deb"), "needs dpkg-deb");
        var tool = new Tool(deadline.Token);
        await tool.RunAsync(Path.Combine(Tool.Root, "packaging/build/deb"), directory.FullName, Tool.Binaries, Tool.Native);
        var packages = Directory.GetFiles(directory.FullName, "*.deb");
        Assert.Equal(Names, packages.Select(static file => Path.GetFileName(file).Split('_')[0]).Order(StringComparer.Ordinal));
        var installed = new List<string>();
        var marked = new List<string>();
        foreach (var package in packages)
        {
            installed.AddRange((await tool.RunAsync("dpkg-deb", "--contents", package)).Split('\n').Where(static line => line.StartsWith('-'))
                .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[5][1..]).Where(static file => !file.EndsWith("/copyright", StringComparison.Ordinal)));
            var (status, files, _) = await tool.TryAsync("dpkg-deb", "--info", package, "conffiles");
            marked.AddRange(status == 0 ? files.Split('\n', StringSplitOptions.RemoveEmptyEntries) : []);
        }

        var root = Path.Combine(directory.FullName, "root");
        await tool.RunAsync(Path.Combine(Tool.Root, "packaging/build/install"), Tool.Binaries, Tool.Native, root, "/usr", "/etc");
        var all = Directory.GetFiles(root, "*", SearchOption.AllDirectories).Select(file => file[root.Length..])
            .Select(static file => file.Contains("/share/man/", StringComparison.Ordinal) ? file + ".gz" : file).ToList();
        Assert.Equal(all.Order(StringComparer.Ordinal), installed.Order(StringComparer.Ordinal));
        Assert.Equal(all.Where(static file => file.StartsWith("/etc/", StringComparison.Ordinal)).Order(StringComparer.Ordinal), marked.Order(StringComparer.Ordinal));
    }
}
