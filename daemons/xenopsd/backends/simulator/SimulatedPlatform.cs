using System.Globalization;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>Reads <see cref="SimulatorKeys"/> from a VM's platform data. As elsewhere in platform data, a value that cannot be
/// read is the default.</summary>
internal static class SimulatedPlatform
{
    private const long PagesPerMib = (1 << 20) / StreamLimits.PageSize;

    public static bool Flag(IReadOnlyDictionary<string, string> platform, string key) =>
        platform.TryGetValue(key, out var value)
        && (value == "1" || value.Equals("true", StringComparison.OrdinalIgnoreCase));

    public static long DirtyRate(IReadOnlyDictionary<string, string> platform) =>
        Math.Min(Number(platform, SimulatorKeys.DirtyRate, SimulatorLimits.DefaultDirtyRate), SimulatorLimits.MaxDirtyRate);

    public static long WorkingSetPages(IReadOnlyDictionary<string, string> platform, long guestPages) =>
        Math.Min(Number(platform, SimulatorKeys.WorkingSet, guestPages / PagesPerMib / 2), guestPages / PagesPerMib) * PagesPerMib;

    private static long Number(IReadOnlyDictionary<string, string> platform, string key, long otherwise) =>
        platform.TryGetValue(key, out var text)
        && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value)
            ? value
            : otherwise;
}
