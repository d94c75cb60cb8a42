namespace Toolstack.Tests.Packaging;

/// <summary>An empty system into which packages are installed with a database of its own.</summary>
internal sealed class InstalledRoot(Tool tool) : IDisposable
{
    // Scriptlets need a shell inside the root, dependencies the packages of a distribution: neither is there.
    private static readonly string[] Isolated = ["--nodeps", "--noscripts", "--nosignature"];

    internal string Path { get; } = Directory.CreateTempSubdirectory("toolstack-root-").FullName;

    internal Task InstallAsync(IEnumerable<string> packages) => RpmAsync(["--install", .. Isolated, .. packages]);

    internal Task UpgradeAsync(IEnumerable<string> packages) => RpmAsync(["--upgrade", .. Isolated, .. packages]);

    internal Task EraseAsync(IEnumerable<string> names) => RpmAsync(["--erase", "--nodeps", "--noscripts", .. names]);

    internal Task<string> VerifyAsync(IEnumerable<string> names) =>
        RpmAsync(["--verify", "--nodeps", "--noscripts", .. names]);

    internal string File(string path) => Path + path;

    /// <summary>The files below the root that are not rpm's own database.</summary>
    internal IEnumerable<string> Files() => Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories)
        .Select(file => file[Path.Length..])
        .Where(file => !file.StartsWith("/var/lib/rpm/", StringComparison.Ordinal) && !file.StartsWith("/usr/lib/sysimage/", StringComparison.Ordinal)
            && !file.StartsWith("/root/.rpmdb/", StringComparison.Ordinal))
        .Order(StringComparer.Ordinal);

    public void Dispose() => Directory.Delete(Path, recursive: true);

    private Task<string> RpmAsync(string[] arguments) =>
        tool.RunAsync("rpm", ["--root", Path, "--dbpath", "/var/lib/rpm", .. arguments]);
}
