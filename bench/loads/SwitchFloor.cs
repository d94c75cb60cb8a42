using System.Diagnostics;
using System.Globalization;

namespace Toolstack.Bench.Loads;

/// <summary>What a broker costs at best: the C program beside this file, compiled here, makes the same hops and does nothing else.</summary>
internal static class SwitchFloor
{
    /// <summary>Microseconds: the median, the 99th percentile and the mean. Null where there is no C compiler.</summary>
    internal static async Task<(double P50, double P99, double Mean)?> MeasureAsync(int bytes, int calls, CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory("switch-floor");
        try
        {
            var program = Path.Combine(directory.FullName, "switch-floor");
            await RunAsync("cc", ["-O2", "-o", program, Path.Combine(AppContext.BaseDirectory, "switch-floor.c")], cancellation);
            var printed = await RunAsync(program, [$"{bytes}", $"{calls}"], cancellation);
            var figures = printed.Split(' ').Select(figure => double.Parse(figure, CultureInfo.InvariantCulture) / 1000).ToList();
            return (figures[0], figures[1], figures[2]);
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

    private static async Task<string> RunAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })
            ?? throw new InvalidOperationException($"{program} did not start");
        var printed = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0 ? printed : throw new InvalidOperationException($"{program}: exit status {process.ExitCode}");
    }
}
