using System.ComponentModel;
using System.Diagnostics;

namespace Toolstack.Tests.Conformance;

/// <summary>Runs programs that this project did not build: interpreters, package tools.</summary>
internal static class ClientProgram
{
    /// <summary>The client programs, copied beside the tests.</summary>
    internal static string Directory { get; } = Path.Combine(AppContext.BaseDirectory, "clients");

    /// <summary>Exit status and all output; status null when it did not end in time and was killed.</summary>
    internal sealed record Outcome(int? Status, string Output);

    /// <summary>Whether such a program starts at all.</summary>
    internal static async Task<bool> ExistsAsync(string program)
    {
        try
        {
            return (await RunAsync(program, ["--version"], [], TimeSpan.FromSeconds(20))).Status == 0;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    /// <summary>Raises <see cref="Win32Exception"/> where there is no such program.</summary>
    internal static async Task<Outcome> RunAsync(string program, string[] arguments, Dictionary<string, string> environment, TimeSpan patience)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment)
        {
            info.Environment[name] = value;
        }

        using var process = Process.Start(info)!;
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(patience);
        int? status = null;
        try
        {
            await process.WaitForExitAsync(limit.Token);
            status = process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        return new Outcome(status, await output + await errors);
    }
}
