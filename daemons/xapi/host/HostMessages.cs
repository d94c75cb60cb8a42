using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Hosts;

/// <summary>The messages of class host that are implemented; the others raise NOT_IMPLEMENTED.</summary>
internal sealed class HostMessages(XapiDatabase database, HostLiveness liveness) : hostMessages
{
    /// <summary>A member's heartbeat, <c>{time}</c>, or its last word, <c>{shutting-down: true}</c>.</summary>
    public override async Task<ImmutableSortedDictionary<string, string>> tickle_heartbeat(
        Call call, Ref<host> host, ImmutableSortedDictionary<string, string> stuff)
    {
        bool stops = stuff.GetValueOrDefault("shutting-down") == "true";
        await (stops ? liveness.StoppedAsync(host, call.Cancellation) : liveness.HeardAsync(host, call.Cancellation)).ConfigureAwait(false);
        return ImmutableSortedDictionary<string, string>.Empty;
    }

    public override Task enable(Call call, Ref<host> host) => HostState.SetEnabledAsync(database, host, enabled: true, call.Cancellation);

    /// <summary>Until enabled again or the next start. NOT_IMPLEMENTED for a host that is to stay closed beyond it.</summary>
    public override Task disable(Call call, Ref<host> host, bool auto_enable = true) => auto_enable
        ? HostState.SetEnabledAsync(database, host, enabled: false, call.Cancellation)
        : throw new XenApiError("NOT_IMPLEMENTED", "host.disable(auto_enable=false)");

    public override Task<DateTimeOffset> get_servertime(Call call, Ref<host> host) => Task.FromResult(DateTimeOffset.UtcNow);

    public override Task<DateTimeOffset> get_server_localtime(Call call, Ref<host> host)
    {
        DateTimeOffset now = DateTimeOffset.Now;
        return Task.FromResult(new DateTimeOffset(now.DateTime, TimeSpan.Zero));
    }

    /// <summary>In bytes.</summary>
    public override async Task<long> compute_free_memory(Call call, Ref<host> host)
    {
        host row = await database.Get(host, call.Cancellation).ConfigureAwait(false);
        host_metrics metrics = await database.Get(row.metrics, call.Cancellation).ConfigureAwait(false);
        IReadOnlyList<KeyValuePair<Ref<VM>, VM>> vms = await database.GetAll<VM>(call.Cancellation).ConfigureAwait(false);
        return HostMemory.Free(host, row, metrics, vms, Ref<VM>.Null);
    }
}
