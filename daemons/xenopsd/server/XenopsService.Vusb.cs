using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.Server;

/// <summary>USB devices.</summary>
public sealed partial class XenopsService
{
    public Task<(string vm, string device)> VusbAdd(string debug_info, Vusb vusb, CancellationToken cancel) =>
        Task.FromResult(Add(new DynamicId.Vusb(vusb.id.vm, vusb.id.device), vusb.id, r => r.With(vusb)));

    public Task VusbRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        RemoveAsync(new DynamicId.Vusb(id.vm, id.device), id.vm, cancel);

    public async Task<(Vusb vusb, VusbState state)> VusbStat(string debug_info, (string vm, string device) id, CancellationToken cancel)
    {
        var vusb = engine.Store.Get(id.vm).Vusb(id.device);
        return (vusb, await DeviceStates.OfAsync(engine.Backend, vusb, cancel).ConfigureAwait(false));
    }

    public async Task<ImmutableArray<(Vusb vusb, VusbState state)>> VusbList(string debug_info, string id, CancellationToken cancel)
    {
        var all = ImmutableArray.CreateBuilder<(Vusb, VusbState)>();
        foreach (var vusb in engine.Store.Get(id).Vusbs)
        {
            all.Add((vusb, await DeviceStates.OfAsync(engine.Backend, vusb, cancel).ConfigureAwait(false)));
        }

        return all.ToImmutable();
    }

    public Task<string> VusbPlug(string debug_info, (string vm, string device) id, CancellationToken cancel) => Queue(debug_info, new Atomic.VUSB_plug(Key(id)));

    public Task<string> VusbUnplug(string debug_info, (string vm, string device) id, CancellationToken cancel) => Queue(debug_info, new Atomic.VUSB_unplug(Key(id)));
}
