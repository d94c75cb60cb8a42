using System.Diagnostics;
using System.Globalization;

namespace Toolstack.Bench.Loads;

/// <summary>Floors are C programs that stand beside the loads, compiled and run where they are measured.</summary>
internal static class CProgram
{
    /// <summary>The numbers the program prints; null where there is no C compiler.</summary>
    internal static async Task<IReadOnlyList<double>?> RunAsync(string name, IReadOnlyList<string> arguments, CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory(name);
        try
        {
            var program = Path.Combine(directory.FullName, name);
            await RunAsync("cc", ["-O2", "-o", program, Path.Combine(AppContext.BaseDirectory, $"{name}.c")], name, cancellation);
            var printed = await RunAsync(program, arguments, name, cancellation);
            return [.. printed.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Select(figure => double.Parse(figure, CultureInfo.InvariantCulture))];
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task<string> RunAsync(string program, IReadOnlyList<string> arguments, string name, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException($"{name}: {program} did not start");
        var printed = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0 ? printed : throw new InvalidOperationException($"{name}: {program}: exit status {process.ExitCode}");
    }
}
