using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Membership;

/// <summary>What of a pool decides whether a host may join it, on either side.</summary>
internal sealed record PoolPicture
{
    public required pool Pool { get; init; }

    public required IReadOnlyList<KeyValuePair<Ref<host>, host>> Hosts { get; init; }

    public IReadOnlyList<VM> Vms { get; init; } = [];

    public IReadOnlyList<SR> Repositories { get; init; } = [];

    public IReadOnlyList<KeyValuePair<Ref<PIF>, PIF>> Interfaces { get; init; } = [];

    public IReadOnlyList<VLAN> Vlans { get; init; } = [];

    /// <summary>How many there are of each.</summary>
    public int Bonds { get; init; }

    public int Tunnels { get; init; }

    public int VirtualFunctions { get; init; }

    /// <summary>The coordinator's row. Raises HANDLE_INVALID when the pool has none.</summary>
    public host Coordinator => Hosts.FirstOrDefault(h => h.Key == Pool.master).Value ?? throw new XenApiError("HANDLE_INVALID", "host", Pool.master.ToString());

    /// <summary>The coordinator's management interface, or null where none is recorded.</summary>
    public PIF? Management => Interfaces.FirstOrDefault(p => p.Value.host == Pool.master && p.Value.management).Value;

    internal static async Task<PoolPicture> ReadAsync(XapiDatabase database, CancellationToken cancel) => new()
    {
        Pool = (await RowsAsync<pool>(database, cancel).ConfigureAwait(false)) is [var only, ..] ? only : throw new XenApiError("INTERNAL_ERROR", "there is no pool row"),
        Hosts = await database.GetAll<host>(cancel).ConfigureAwait(false),
        Vms = await RowsAsync<VM>(database, cancel).ConfigureAwait(false),
        Repositories = await RowsAsync<SR>(database, cancel).ConfigureAwait(false),
        Interfaces = await database.GetAll<PIF>(cancel).ConfigureAwait(false),
        Vlans = await RowsAsync<VLAN>(database, cancel).ConfigureAwait(false),
        Bonds = (await database.GetAll<Bond>(cancel).ConfigureAwait(false)).Count,
        Tunnels = (await database.GetAll<tunnel>(cancel).ConfigureAwait(false)).Count,
        VirtualFunctions = (await database.GetAll<network_sriov>(cancel).ConfigureAwait(false)).Count,
    };

    private static async Task<IReadOnlyList<T>> RowsAsync<T>(XapiDatabase database, CancellationToken cancel)
        where T : XenObject, IXenObject<T> =>
        [.. (await database.GetAll<T>(cancel).ConfigureAwait(false)).Select(static r => r.Value)];
}
