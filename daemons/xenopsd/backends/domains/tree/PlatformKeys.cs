using System.Globalization;

namespace Toolstack.Xenopsd.Backends.Domains.Tree;

/// <summary>The platform directory of a domain: the VM's own keys and those the domain builder reads.</summary>
public static class PlatformKeys
{
    public static IReadOnlyDictionary<string, string> Of(DomainConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        SortedDictionary<string, string> keys = new(StringComparer.Ordinal)
        {
            ["acpi_s3"] = "0",
            ["acpi_s4"] = "0",
        };
        foreach (var (key, value) in config.Platform)
        {
            if (StorePaths.IsName(key))
            {
                keys[key] = value;
            }
        }

        if (config.Description?.Vm.generation_id is { } generation)
        {
            keys["generation-id"] = generation;
        }

        keys["vcpu/number"] = Number(config.VcpusMax);
        keys["vcpu/current"] = Number(config.Vcpus);
        if (config.Description?.Vm.scheduler_params.priority is var (weight, cap))
        {
            keys["vcpu/weight"] = Number(weight);
            keys["vcpu/cap"] = Number(cap);
        }

        return keys;
    }

    /// <summary>A boolean of the platform data; null for a value that is none, or no value.</summary>
    public static bool? Flag(IReadOnlyDictionary<string, string> platform, string key) => platform.GetValueOrDefault(key)?.ToLowerInvariant() switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        _ => null,
    };

    /// <summary>A whole number of the platform data; null for a value that is none, or no value.</summary>
    public static int? Count(IReadOnlyDictionary<string, string> platform, string key) =>
        int.TryParse(platform.GetValueOrDefault(key), NumberStyles.None, CultureInfo.InvariantCulture, out int value) ? value : null;

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
