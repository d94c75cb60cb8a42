using System.Text.RegularExpressions;
using Xunit;

namespace Toolstack.Tests.Conformance;

/// <summary>Installs what the Node client needs, exactly as its lock file says, once for every lock file.</summary>
public sealed partial class NodePackages : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private string? missing;

    /// <summary>Skips the test where Node, npm or the network is missing.</summary>
    internal void Require() => Assert.SkipWhen(missing is not null, missing ?? "");

    public async ValueTask InitializeAsync()
    {
        foreach (var program in (string[])["node", "npm"])
        {
            if (!await ClientProgram.ExistsAsync(program))
            {
                missing = $"{program} is not installed";
                return;
            }
        }

        var stamp = Path.Combine(ClientProgram.Directory, "node_modules", ".installed-lock");
        var wanted = await File.ReadAllTextAsync(Path.Combine(ClientProgram.Directory, "package-lock.json"));
        if (File.Exists(stamp) && await File.ReadAllTextAsync(stamp) == wanted)
        {
            return;
        }

        var outcome = await ClientProgram.RunAsync("npm", ["ci", "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--prefer-offline"], [], Patience);
        if (outcome.Status == 0)
        {
            await File.WriteAllTextAsync(stamp, wanted);
            return;
        }

        // Only the want of a network excuses: packages that are there but do not install are a failure.
        Assert.True(outcome.Status is null || Unreachable().IsMatch(outcome.Output), outcome.Output);
        missing = $"the packages of the Node client cannot be fetched: {(outcome.Status is null ? "no end" : Unreachable().Match(outcome.Output).Value)}";
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [GeneratedRegex(@"\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT|ENOTCACHED|E40[137]|E5\d\d)\b")]
    private static partial Regex Unreachable();
}
