using System.Diagnostics;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>The configuration files that are installed come from the daemons and are understood by them.</summary>
public sealed class ConfigFilesTests : DeadlineTests
{
    [Theory]
    [InlineData("message-switch")]
    [InlineData("xen-simulator")]
    [InlineData("xenopsd")]
    [InlineData("xapi")]
    public async Task TheInstalledFileMeansTheDefaultsAndAChangeIsShownWithItsLine(string daemon)
    {
        var shipped = await OutputAsync(daemon, "--help=conf");
        var defaults = await OutputAsync(daemon, "--print-config");
        var file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, shipped, Cancel);
            Assert.Equal(defaults, await OutputAsync(daemon, "--config", file, "--print-config"));
            await File.WriteAllTextAsync(file, shipped + "log-level = debug\n", Cancel);
            var changed = await OutputAsync(daemon, "--config", file, "--print-config");
            var line = Assert.Single(
                changed.Split('\n').Except(defaults.Split('\n')), text => text.StartsWith("log-level", StringComparison.Ordinal));
            Assert.Contains($"{file}:{shipped.Count(character => character == '\n') + 1}", line, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<string> OutputAsync(string daemon, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(Path.Combine(Repository.Binaries, daemon), arguments) { RedirectStandardOutput = true })!;
        var text = await process.StandardOutput.ReadToEndAsync(Cancel);
        await process.WaitForExitAsync(Cancel);
        Assert.Equal(0, process.ExitCode);
        return text;
    }
}
