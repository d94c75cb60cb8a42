using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Migration;

/// <summary>Metadata that came ahead of a migrating VM, with the time it came: its source may die before it opens the connection that
/// the VM comes by, and then nobody else takes the record away.</summary>
public sealed class UnclaimedMetadata(TimeSpan limit)
{
    private readonly ConcurrentDictionary<string, long> arrived = new(StringComparer.Ordinal);

    /// <summary>Ids whose VM has not come in time.</summary>
    public ImmutableArray<string> Expired => [.. arrived.Keys.Where(IsExpired)];

    /// <summary>Metadata came; it counts only under the temporary id of a VM that is coming.</summary>
    public void Arrive(string id)
    {
        if (MigrationIds.IsDestination(id))
        {
            arrived[id] = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>The VM comes.</summary>
    public void Claim(string id) => arrived.TryRemove(id, out _);

    /// <summary>Takes the id out if it is still expired; false when its VM came meanwhile, or its metadata anew.</summary>
    public bool TryExpire(string id) => IsExpired(id) && arrived.TryRemove(id, out _);

    private bool IsExpired(string id) => arrived.TryGetValue(id, out long since) && Stopwatch.GetElapsedTime(since) >= limit;
}
