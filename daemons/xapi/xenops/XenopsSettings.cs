using Toolstack.Hosting;

namespace Toolstack.Xapi.Xenops;

/// <summary>The configuration keys of the forwarding, VM and xenops rooms.</summary>
public static class XenopsSettings
{
    public static IReadOnlyList<ConfigKey> All { get; } = [];
}
