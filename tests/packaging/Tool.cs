using System.Diagnostics;

namespace Toolstack.Tests.Packaging;

/// <summary>Runs the tools of a packager and the scripts of this tree, until <paramref name="cancel"/>.</summary>
internal sealed class Tool(CancellationToken cancel)
{
    /// <summary>The source tree the tests were built from.</summary>
    internal static readonly string Root = FindRoot();

    internal static string Binaries => Environment.GetEnvironmentVariable("TOOLSTACK_BIN") ?? Path.Combine(Root, "out", "bin");

    internal static string Native => Environment.GetEnvironmentVariable("TOOLSTACK_NATIVE") ?? Path.Combine(Root, "out", "native");

    /// <summary>The output of a program that has to succeed; its errors are the test's.</summary>
    internal async Task<string> RunAsync(string program, params string[] arguments)
    {
        var (status, output, error) = await TryAsync(program, arguments);
        return status == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)}: status {status}\n{output}\n{error}");
    }

    internal async Task<(int Status, string Output, string Error)> TryAsync(string program, params string[] arguments)
    {
        var info = new ProcessStartInfo(program, arguments) { WorkingDirectory = Root, RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(info)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(cancel);
            var error = process.StandardError.ReadToEndAsync(cancel);
            await process.WaitForExitAsync(cancel);
            return (process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

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
