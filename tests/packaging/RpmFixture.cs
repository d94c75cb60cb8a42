using Xunit;

namespace Toolstack.Tests.Packaging;

/// <summary>The packages of this tree in two releases, so that one can be upgraded to the other, made from the executables at hand.</summary>
public sealed class RpmFixture : IAsyncLifetime
{
    internal static readonly TimeSpan Deadline = TimeSpan.FromMinutes(5);

    private readonly string directory = Directory.CreateTempSubdirectory("toolstack-rpm-").FullName;

    /// <summary>Paths of the packages, by name.</summary>
    public IReadOnlyDictionary<string, string> First { get; private set; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Second { get; private set; } = new Dictionary<string, string>();

    public async ValueTask InitializeAsync()
    {
        using var deadline = new CancellationTokenSource(Deadline);
        var tool = new Tool(deadline.Token);
        First = await BuildAsync(tool, "1");
        Second = await BuildAsync(tool, "2");
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(directory, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<Dictionary<string, string>> BuildAsync(Tool tool, string release)
    {
        var top = Path.Combine(directory, release);
        await tool.RunAsync(Path.Combine(Tool.Root, "packaging/build/rpm"), top, release, Tool.Binaries, Tool.Native);
        var packages = new Dictionary<string, string>();
        foreach (var file in Directory.EnumerateFiles(Path.Combine(top, "RPMS"), "*.rpm", SearchOption.AllDirectories))
        {
            packages.Add((await tool.RunAsync("rpm", "-qp", "--queryformat", "%{NAME}", file)).Trim(), file);
        }

        return packages;
    }
}
