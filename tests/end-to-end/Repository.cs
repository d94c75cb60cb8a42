namespace Toolstack.Tests.EndToEnd;

/// <summary>The source tree the tests were built from, and what the build put beside it.</summary>
internal static class Repository
{
    internal static readonly string Root = FindRoot();

    internal static string Binaries => Environment.GetEnvironmentVariable("TOOLSTACK_BIN") ?? Path.Combine(Root, "out", "bin");

    internal static string Native => Environment.GetEnvironmentVariable("TOOLSTACK_NATIVE") ?? Path.Combine(Root, "out", "native");

    private static string FindRoot()
    {
        var directory = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(directory.FullName, "Toolstack.slnx")))
        {
            directory = directory.Parent ?? throw new DirectoryNotFoundException("the root of the repository");
        }

        return directory.FullName;
    }
}
