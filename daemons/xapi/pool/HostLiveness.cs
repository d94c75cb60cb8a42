using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Pool;

/// <summary>The coordinator's view of which members live: a member that was silent for the interval counts as dead until it is heard again.
/// Silence is counted from the start of this process for members not heard since.</summary>
internal sealed class HostLiveness(XapiDatabase database, HostIdentity identity, TimeSpan assumedDead, TimeProvider clock, ILogger logger)
{
    private readonly ConcurrentDictionary<string, long> heard = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> stopped = new(StringComparer.Ordinal);
    private readonly long started = clock.GetTimestamp();

    /// <summary>A member says hello or sends its heartbeat.</summary>
    internal Task HeardAsync(Ref<host> self, CancellationToken cancel)
    {
        heard[self.ToString()] = clock.GetTimestamp();
        stopped.TryRemove(self.ToString(), out _);
        return SetAsync(self, live: true, cancel);
    }

    /// <summary>A member says that it stops: it is dead at once.</summary>
    internal Task StoppedAsync(Ref<host> self, CancellationToken cancel)
    {
        stopped[self.ToString()] = true;
        return SetAsync(self, live: false, cancel);
    }

    /// <summary>Marks the members dead that were silent for too long.</summary>
    internal async Task SweepAsync(CancellationToken cancel)
    {
        foreach ((Ref<host> self, _) in await database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            long last = heard.GetValueOrDefault(self.ToString(), started);
            if (self != identity.Localhost && clock.GetElapsedTime(last) > assumedDead)
            {
                await SetAsync(self, live: false, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task SetAsync(Ref<host> self, bool live, CancellationToken cancel)
    {
        if (await HostState.SetLiveAsync(database, self, live, cancel).ConfigureAwait(false))
        {
            Log.HostLiveness(logger, self.ToString(), live ? "alive" : "dead");
        }
    }
}
