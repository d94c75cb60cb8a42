using System.Security.Cryptography;
using Xunit;

namespace Toolstack.Tests.Packaging;

/// <summary>What a build farm does: from the two archives alone, in another directory, without a network, the same executables.</summary>
public sealed class OfflineBuildTests : IDisposable
{
    // Everything is compiled once more; on two busy cores that takes minutes.
    private static readonly TimeSpan Deadline = TimeSpan.FromMinutes(25);

    // Where nobody listens: whatever tries to fetch something fails at once.
    private const string NoProxy = "http://127.0.0.1:1";

    private readonly CancellationTokenSource deadline = new(Deadline);
    private readonly string directory = Directory.CreateTempSubdirectory("toolstack-offline-").FullName;

    public void Dispose()
    {
        deadline.Dispose();
        Directory.Delete(directory, recursive: true);
    }

    [Fact]
    public async Task TheArchivesAloneGiveTheSameExecutables()
    {
        Assert.SkipUnless(Tool.Binaries == Path.Combine(Tool.Root, "out", "bin"), "other executables than those of this tree are tested");
        var tool = new Tool(deadline.Token);
        await tool.RunAsync("make", "--no-print-directory", $"DIST={directory}", "dist");
        foreach (var archive in Directory.GetFiles(directory, "*.tar.gz"))
        {
            await tool.RunAsync("tar", "-xzf", archive, "-C", directory);
        }

        var source = Assert.Single(Directory.GetDirectories(directory, "xapi-toolstack-*"));
        await tool.RunAsync(
            "env", $"NUGET_PACKAGES={directory}/packages", $"RestoreSources={directory}/vendor", "NuGetAudit=false",
            $"http_proxy={NoProxy}", $"https_proxy={NoProxy}", "make", "--no-print-directory", "-C", source, "all");
        var here = Executables(Tool.Binaries);
        Assert.NotEmpty(here);
        Assert.Equal(here, Executables(Path.Combine(source, "out", "bin")));
    }

    private static List<string> Executables(string path) => [.. Directory.EnumerateFiles(path).Order(StringComparer.Ordinal)
        .Select(file => $"{Path.GetFileName(file)} {Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(file)))}")];
}
