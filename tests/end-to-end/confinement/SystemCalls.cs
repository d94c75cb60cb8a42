using System.Diagnostics;

namespace Toolstack.Tests.EndToEnd.Confinement;

/// <summary>The groups of system calls that systemd knows (<c>@system-service</c>), as the installed systemd defines them.</summary>
internal sealed class SystemCalls
{
    private readonly Dictionary<string, List<string>> groups = new(StringComparer.Ordinal);

    internal static async Task<SystemCalls> LoadAsync(CancellationToken cancel)
    {
        using var analyze = Process.Start(new ProcessStartInfo("systemd-analyze", ["syscall-filter", "--no-pager"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var text = await analyze.StandardOutput.ReadToEndAsync(cancel);
        _ = await analyze.StandardError.ReadToEndAsync(cancel);
        await analyze.WaitForExitAsync(cancel);
        var result = new SystemCalls();
        List<string>? members = null;
        foreach (var line in text.Split('\n').TakeWhile(static line => !line.StartsWith("# Un", StringComparison.Ordinal)))
        {
            if (line.StartsWith('@'))
            {
                result.groups[line.Trim()] = members = [];
            }
            else if (line.StartsWith("    ", StringComparison.Ordinal) && line.Trim() is [not '#', ..] member)
            {
                members?.Add(member);
            }
        }

        return result;
    }

    /// <summary>The names that a unit's filter lets through, with those systemd always does.</summary>
    internal IReadOnlySet<string> Allowed(UnitFile unit)
    {
        var allowed = new HashSet<string>(Resolve("@default"), StringComparer.Ordinal);
        foreach (var (adds, names) in unit.Filters)
        {
            foreach (var call in names.SelectMany(Resolve))
            {
                _ = adds ? allowed.Add(call) : allowed.Remove(call);
            }
        }

        return allowed;
    }

    private IEnumerable<string> Resolve(string name) => !name.StartsWith('@') ? [name]
        : groups.TryGetValue(name, out var members) ? members.SelectMany(Resolve)
        : throw new InvalidOperationException($"systemd knows no group {name}");
}
