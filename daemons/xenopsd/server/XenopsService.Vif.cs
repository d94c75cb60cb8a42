using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.Server;

/// <summary>Network interfaces. Settings of one without a domain are kept for the next domain.</summary>
public sealed partial class XenopsService
{
    public Task<(string vm, string device)> VifAdd(string debug_info, Vif vif, CancellationToken cancel) =>
        Task.FromResult(Add(new DynamicId.Vif(vif.id.vm, vif.id.device), vif.id, r => r.With(vif)));

    public Task VifRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        RemoveAsync(new DynamicId.Vif(id.vm, id.device), id.vm, cancel);

    public async Task<(Vif vif, VifState state)> VifStat(string debug_info, (string vm, string device) id, CancellationToken cancel)
    {
        var vif = engine.Store.Get(id.vm).Vif(id.device);
        return (vif, await DeviceStates.OfAsync(engine.Backend, vif, cancel).ConfigureAwait(false));
    }

    public async Task<ImmutableArray<(Vif vif, VifState state)>> VifList(string debug_info, string id, CancellationToken cancel)
    {
        var all = ImmutableArray.CreateBuilder<(Vif, VifState)>();
        foreach (var vif in engine.Store.Get(id).Vifs)
        {
            all.Add((vif, await DeviceStates.OfAsync(engine.Backend, vif, cancel).ConfigureAwait(false)));
        }

        return all.ToImmutable();
    }

    public Task<string> VifPlug(string debug_info, (string vm, string device) id, CancellationToken cancel) => Queue(debug_info, new Operation.VIF_hotplug(Key(id)));

    public Task<string> VifUnplug(string debug_info, (string vm, string device) id, bool force, CancellationToken cancel) =>
        Queue(debug_info, new Operation.VIF_hotunplug(Key(id), force));

    public Task<string> VifMove(string debug_info, (string vm, string device) id, Network network, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VIF_move(Key(id), network), needsDomain: false);

    public Task<string> VifSetCarrier(string debug_info, (string vm, string device) id, bool carrier, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VIF_set_carrier(Key(id), carrier), needsDomain: false);

    public Task<string> VifSetLockingMode(string debug_info, (string vm, string device) id, LockingMode locking_mode, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VIF_set_locking_mode(Key(id), locking_mode), needsDomain: false);

    public Task<string> VifSetIpv4Configuration(string debug_info, (string vm, string device) id, Ipv4Configuration ipv4_configuration, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VIF_set_ipv4_configuration(Key(id), ipv4_configuration), needsDomain: false);

    public Task<string> VifSetIpv6Configuration(string debug_info, (string vm, string device) id, Ipv6Configuration ipv6_configuration, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VIF_set_ipv6_configuration(Key(id), ipv6_configuration), needsDomain: false);

    public Task<string> VifSetPvsProxy(
        string debug_info, (string vm, string device) id, (string site, ImmutableArray<PvsServer> servers, string network)? proxy, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VIF_set_pvs_proxy(Key(id), proxy), needsDomain: false);

    public Task<string> VifSetTrunks(string debug_info, (string vm, string device) id, ImmutableArray<long> trunks, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VIF_set_trunks(Key(id), trunks), needsDomain: false);
}
