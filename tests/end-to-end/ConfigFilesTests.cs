using System.Diagnostics;
using System.Text.RegularExpressions;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>The configuration files that are shipped say what the daemons do: every key, commented out, with its default.</summary>
public sealed partial class ConfigFilesTests : DeadlineTests
{
    [Theory]
    [InlineData("message-switch")]
    [InlineData("xenopsd")]
    [InlineData("xapi")]
    public async Task TheShippedFileShowsEveryKeyWithItsDefault(string daemon)
    {
        using var help = Process.Start(new ProcessStartInfo(Path.Combine(Repository.Binaries, daemon), ["--help"]) { RedirectStandardOutput = true })!;
        var text = await help.StandardOutput.ReadToEndAsync(Cancel);
        var keys = KeyInHelp().Matches(text).Select(match =>
            (match.Groups["key"].Value, match.Groups["value"].Value is "empty" ? "" : match.Groups["value"].Value)).Order();
        var shipped = KeyInFile().Matches(await File.ReadAllTextAsync(Shipped(daemon), Cancel))
            .Select(match => (match.Groups["key"].Value, match.Groups["value"].Value.Trim())).Order();
        Assert.NotEmpty(keys);
        Assert.Equal(keys, shipped);
    }

    private static string Shipped(string daemon) => Path.Combine(Repository.Root, "packaging", "config", daemon + ".conf");

    [GeneratedRegex(@"^    (?<key>[a-z0-9_-]+)(, [a-z0-9_, -]+)? \(default: (?<value>[^)]*)\)$", RegexOptions.Multiline)]
    private static partial Regex KeyInHelp();

    [GeneratedRegex(@"^# ?(?<key>[a-z0-9_-]+) = ?(?<value>.*)$", RegexOptions.Multiline)]
    private static partial Regex KeyInFile();
}
