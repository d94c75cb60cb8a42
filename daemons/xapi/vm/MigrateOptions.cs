using System.Collections.Immutable;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>The options of VM.pool_migrate; words of the map are read without regard to case, unknown keys are ignored.</summary>
internal sealed record MigrateOptions(bool Force, bool? Compress)
{
    public static MigrateOptions Parse(ImmutableSortedDictionary<string, string> options) =>
        new(Flag(options, "force") ?? false, Flag(options, "compress"));

    private static bool? Flag(ImmutableSortedDictionary<string, string> options, string key) =>
        !options.TryGetValue(key, out string? word) ? null : word.ToLowerInvariant() switch
        {
            "true" or "on" or "1" => true,
            "false" or "off" or "0" => false,
            _ => null,
        };
}
