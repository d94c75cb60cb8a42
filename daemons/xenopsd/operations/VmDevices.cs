using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Operations;

/// <summary>What a plan depends on: the VM's id, its devices and how disks are plugged.</summary>
public sealed record VmDevices(string Id, ImmutableArray<Vbd> Vbds, ImmutableArray<Vif> Vifs)
{
    public ImmutableArray<Pci> Pcis { get; init; } = [];

    public ImmutableArray<Vgpu> Vgpus { get; init; } = [];

    public ImmutableArray<Vusb> Vusbs { get; init; } = [];

    /// <summary>A disk is plugged in one step; otherwise attached and activated in two, so that a migration can attach ahead.</summary>
    public bool PlugsInOneStep { get; init; } = true;

    public static VmDevices None(string id) => new(id, [], []);
}
