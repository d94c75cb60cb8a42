using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.Server;

/// <summary>Virtual graphics cards.</summary>
public sealed partial class XenopsService
{
    public Task<(string vm, string device)> VgpuAdd(string debug_info, Vgpu vgpu, CancellationToken cancel) =>
        Task.FromResult(Add(new DynamicId.Vgpu(vgpu.id.vm, vgpu.id.device), vgpu.id, r => r.With(vgpu)));

    public Task VgpuRemove(string debug_info, (string vm, string device) id, CancellationToken cancel) =>
        RemoveAsync(new DynamicId.Vgpu(id.vm, id.device), id.vm, cancel);

    public async Task<(Vgpu vgpu, VgpuState state)> VgpuStat(string debug_info, (string vm, string device) id, CancellationToken cancel)
    {
        var vgpu = engine.Store.Get(id.vm).Vgpu(id.device);
        return (vgpu, await DeviceStates.OfAsync(engine.Backend, vgpu, cancel).ConfigureAwait(false));
    }

    public async Task<ImmutableArray<(Vgpu vgpu, VgpuState state)>> VgpuList(string debug_info, string id, CancellationToken cancel)
    {
        var all = ImmutableArray.CreateBuilder<(Vgpu, VgpuState)>();
        foreach (var vgpu in engine.Store.Get(id).Vgpus)
        {
            all.Add((vgpu, await DeviceStates.OfAsync(engine.Backend, vgpu, cancel).ConfigureAwait(false)));
        }

        return all.ToImmutable();
    }
}
