using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;

namespace Toolstack.Xapi.Pool;

/// <summary>Changes of whether a host is enabled and seen alive; both decide what may be done with it, so its allowed_operations follow.</summary>
internal static class HostState
{
    internal static async Task SetEnabledAsync(XapiDatabase database, Ref<host> self, bool enabled, CancellationToken cancel)
    {
        host row = await database.Get(self, cancel).ConfigureAwait(false);
        bool live = (await database.Find(row.metrics, cancel).ConfigureAwait(false))?.live ?? false;
        await database.Update(self, r => HostLockTarget.WithAllowed(r with { enabled = enabled }, self.ToString(), live), cancel).ConfigureAwait(false);
    }

    /// <summary>Returns whether that was a change.</summary>
    internal static async Task<bool> SetLiveAsync(XapiDatabase database, Ref<host> self, bool live, CancellationToken cancel)
    {
        host row = await database.Get(self, cancel).ConfigureAwait(false);
        if (await database.Find(row.metrics, cancel).ConfigureAwait(false) is not { } metrics || metrics.live == live)
        {
            return false;
        }

        DateTimeOffset now = DateTimeOffset.UtcNow;
        await database.Update(row.metrics, r => r with { live = live, last_updated = now }, cancel).ConfigureAwait(false);
        await database.Update(self, r => HostLockTarget.WithAllowed(r, self.ToString(), live), cancel).ConfigureAwait(false);
        return true;
    }
}
