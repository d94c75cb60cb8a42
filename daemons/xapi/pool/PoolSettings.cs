using Toolstack.Hosting;

namespace Toolstack.Xapi.Pool;

/// <summary>The configuration keys of the pool and database rooms.</summary>
public static class PoolSettings
{
    public static IReadOnlyList<ConfigKey> All { get; } = [];
}
