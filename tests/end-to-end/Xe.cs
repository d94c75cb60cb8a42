using System.Diagnostics;

namespace Toolstack.Tests.EndToEnd;

/// <summary>Runs the real xe.</summary>
internal static class Xe
{
    internal static async Task<(int Status, string Output, string Error)> RunAsync(IEnumerable<string> words, CancellationToken cancel)
    {
        var info = new ProcessStartInfo(Path.Combine(Repository.Binaries, "xe"), words)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        info.Environment["HOME"] = "/nonexistent";
        using var xe = Process.Start(info)!;
        var output = xe.StandardOutput.ReadToEndAsync(cancel);
        var error = xe.StandardError.ReadToEndAsync(cancel);
        await xe.WaitForExitAsync(cancel);
        return (xe.ExitCode, await output, await error);
    }
}
