namespace Toolstack.Xenopsd.Atomics;

/// <summary>Switches in a VM's platform data (xenops protocol): true, 1, false and 0 in whatever case; anything else is no answer.</summary>
public static class PlatformFlags
{
    public static bool IsTrue(IReadOnlyDictionary<string, string> platform, string key) =>
        platform.TryGetValue(key, out string? text) && (text == "1" || text.Equals("true", StringComparison.OrdinalIgnoreCase));
}
