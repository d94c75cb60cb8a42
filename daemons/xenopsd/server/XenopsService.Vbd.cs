using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.Server;

/// <summary>Block devices.</summary>
public sealed partial class XenopsService
{
    public Task<(string vm, string device)> VbdAdd(string debug_info, Vbd vbd, CancellationToken cancel) =>
        Task.FromResult(Add(new DynamicId.Vbd(vbd.id.vm, vbd.id.device), vbd.id, r => r.With(vbd)));

    public Task VbdRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        RemoveAsync(new DynamicId.Vbd(id.vm, id.device), id.vm, cancel);

    public async Task<(Vbd vbd, VbdState state)> VbdStat(string debug_info, (string vm, string device) id, CancellationToken cancel)
    {
        var vbd = engine.Store.Get(id.vm).Vbd(id.device);
        return (vbd, await DeviceStates.OfAsync(engine.Backend, vbd, cancel).ConfigureAwait(false));
    }

    public async Task<ImmutableArray<(Vbd vbd, VbdState state)>> VbdList(string debug_info, string id, CancellationToken cancel)
    {
        var all = ImmutableArray.CreateBuilder<(Vbd, VbdState)>();
        foreach (var vbd in engine.Store.Get(id).Vbds)
        {
            all.Add((vbd, await DeviceStates.OfAsync(engine.Backend, vbd, cancel).ConfigureAwait(false)));
        }

        return all.ToImmutable();
    }

    public Task<string> VbdPlug(string debug_info, (string vm, string device) id, CancellationToken cancel) => Queue(debug_info, new Operation.VBD_hotplug(Key(id)));

    public Task<string> VbdUnplug(string debug_info, (string vm, string device) id, bool force, CancellationToken cancel) =>
        Queue(debug_info, new Operation.VBD_hotunplug(Key(id), force));

    public Task<string> VbdEject(string debug_info, (string vm, string device) id, CancellationToken cancel) => Queue(debug_info, new Atomic.VBD_eject(Key(id)));

    public Task<string> VbdInsert(string debug_info, (string vm, string device) id, Disk disk, CancellationToken cancel) =>
        Queue(debug_info, new Atomic.VBD_insert(Key(id), disk));
}
