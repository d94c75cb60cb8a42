using System.Collections.Immutable;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>The options of VM.pool_migrate; words of the map are read without regard to case, unknown keys are ignored.</summary>
/// <param name="Passes">Options of xenopsd as <c>name=value</c>, joined by <c>&amp;</c>: downtime-ms, max-iterations, bandwidth-mib, no-convergence.</param>
internal sealed record MigrateOptions(bool Force, bool? Compress, string Passes)
{
    private static readonly string[] PassNames = ["downtime-ms", "max-iterations", "bandwidth-mib", "no-convergence"];

    public static MigrateOptions Parse(ImmutableSortedDictionary<string, string> options) =>
        new(Flag(options, "force") ?? false, Flag(options, "compress"),
            string.Join('&', options.Where(static o => PassNames.Contains(o.Key)).Select(static o => $"{o.Key}={Uri.EscapeDataString(o.Value)}")));

    private static bool? Flag(ImmutableSortedDictionary<string, string> options, string key) =>
        !options.TryGetValue(key, out string? word) ? null : word.ToLowerInvariant() switch
        {
            "true" or "on" or "1" => true,
            "false" or "off" or "0" => false,
            _ => null,
        };
}
