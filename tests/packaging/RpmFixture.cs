using Xunit;

namespace Toolstack.Tests.Packaging;

/// <summary>The packages of this tree in two releases, so that one can be upgraded to the other. The first is made as a build farm makes it: from
/// the two archives alone, in another directory, without a network, everything compiled once more; the second from the executables at hand.</summary>
public sealed class RpmFixture : IAsyncLifetime
{
    internal static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    // Everything is compiled once more; on two busy cores that takes minutes.
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(25);

    // Where nobody listens: whatever tries to fetch something fails at once.
    private const string NoProxy = "http://127.0.0.1:1";

    private const string HardlyCompressed = "RPM_PAYLOAD=w1.gzdio";

    private readonly string directory = Directory.CreateTempSubdirectory("toolstack-rpm-").FullName;

    /// <summary>Whether the executables that are tested are those of this tree; if not, both releases hold them.</summary>
    public bool FromSource { get; } = Tool.Binaries == Path.Combine(Tool.Root, "out", "bin");

    /// <summary>Paths of the packages, by name, without those of symbols.</summary>
    public IReadOnlyDictionary<string, string> First { get; private set; } = new Dictionary<string, string>();

    /// <summary>The packages of the first release that hold symbols.</summary>
    public IReadOnlyCollection<string> Symbols { get; private set; } = [];

    public IReadOnlyDictionary<string, string> Second { get; private set; } = new Dictionary<string, string>();

    public async ValueTask InitializeAsync()
    {
        using var deadline = new CancellationTokenSource(BuildDeadline);
        var tool = new Tool(deadline.Token);
        var first = await (FromSource ? CompileAsync(tool, "1") : PackageAsync(tool, "1"));
        First = first.Where(static package => !IsOfSymbols(package.Key)).ToDictionary();
        Symbols = [.. first.Where(static package => IsOfSymbols(package.Key)).Select(static package => package.Value)];
        Second = await PackageAsync(tool, "2");
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    private static bool IsOfSymbols(string name) => name.Contains("-debug", StringComparison.Ordinal);

    private async Task<Dictionary<string, string>> CompileAsync(Tool tool, string release)
    {
        var archives = Path.Combine(directory, "dist");
        await tool.RunAsync("make", "--no-print-directory", $"DIST={archives}", "dist");
        var top = Path.Combine(directory, release);
        await tool.RunAsync(
            "env", $"http_proxy={NoProxy}", $"https_proxy={NoProxy}", $"DIST={archives}", HardlyCompressed,
            Path.Combine(Tool.Root, "packaging/build/rpm"), top, release);
        return await PackagesAsync(tool, top);
    }

    private async Task<Dictionary<string, string>> PackageAsync(Tool tool, string release)
    {
        var top = Path.Combine(directory, release);
        await tool.RunAsync("env", HardlyCompressed, Path.Combine(Tool.Root, "packaging/build/rpm"), top, release, Tool.Binaries, Tool.Native);
        return await PackagesAsync(tool, top);
    }

    private static async Task<Dictionary<string, string>> PackagesAsync(Tool tool, string top)
    {
        var packages = new Dictionary<string, string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(top, "RPMS"), "*.rpm", SearchOption.AllDirectories))
        {
            packages.Add((await tool.RunAsync("rpm", "-qp", "--queryformat", "%{NAME}", file)).Trim(), file);
        }

        return packages;
    }
}
