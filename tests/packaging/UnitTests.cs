using System.Globalization;
using Xunit;

namespace Toolstack.Tests.Packaging;

/// <summary>The systemd units: each line has its reason, and together they leave a daemon no more than systemd itself would call exposed.</summary>
public sealed class UnitTests : IDisposable
{
    private static readonly string[] SelfEvident = ["ExecStart"];

    private readonly CancellationTokenSource deadline = new(TimeSpan.FromMinutes(2));

    private static string Directory => Path.Combine(Tool.Root, "packaging", "systemd");

    public void Dispose() => deadline.Dispose();

    /// <summary>A comment speaks for the lines below it up to the next.</summary>
    [Theory]
    [InlineData("message-switch.service")]
    [InlineData("xapi.service")]
    [InlineData("xenopsd.service")]
    [InlineData("xen-simulator.service")]
    public void EveryLineOfAServiceHasItsReason(string unit)
    {
        var lines = File.ReadAllLines(Path.Combine(Directory, unit)).SkipWhile(static line => line != "[Service]").Skip(1)
            .TakeWhile(static line => !line.StartsWith('[')).Where(static line => line.Length > 0).ToArray();
        Assert.StartsWith("# ", lines[0], StringComparison.Ordinal);
        var reasons = lines.Count(static line => line.StartsWith('#'));
        var longest = 0;
        for (var (index, run) = (0, 0); index < lines.Length; index++)
        {
            run = lines[index].StartsWith('#') ? 0 : SelfEvident.Any(key => lines[index].StartsWith(key, StringComparison.Ordinal)) ? run : run + 1;
            longest = Math.Max(longest, run);
        }

        // At most what is one matter: the six ways to change the kernel.
        Assert.InRange(longest, 1, 6);
        Assert.True(reasons >= 15, $"{reasons} reasons");
    }

    /// <summary>systemd's own measure, in tenths: 0 is safe, 100 is unconfined. A line that is taken back shows here.</summary>
    [Theory]
    [InlineData("message-switch.service", 10)]
    [InlineData("xapi.service", 30)]
    [InlineData("xen-simulator.service", 20)]
    [InlineData("xenopsd.service", 58)]
    public async Task TheSandboxIsAsTightAsItWas(string unit, int exposure)
    {
        var place = System.IO.Directory.CreateTempSubdirectory("toolstack-units-");
        try
        {
            var file = Path.Combine(place.FullName, unit);
            var text = await File.ReadAllTextAsync(Path.Combine(Directory, unit), deadline.Token);
            await File.WriteAllTextAsync(file, text.Replace("@sbindir@", "/usr/sbin", StringComparison.Ordinal).Replace("@sysconfdir@", "/etc", StringComparison.Ordinal), deadline.Token);
            var (status, output, error) = await new Tool(deadline.Token).TryAsync(
                "systemd-analyze", "security", "--offline=true", "--no-pager", $"--threshold={exposure.ToString(CultureInfo.InvariantCulture)}", file);
            Assert.True(status == 0, output + error);
        }
        finally
        {
            place.Delete(recursive: true);
        }
    }
}
