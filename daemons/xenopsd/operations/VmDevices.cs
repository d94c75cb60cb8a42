using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Operations;

/// <summary>What a plan depends on: the VM's id and its devices.</summary>
public sealed record VmDevices(string Id, ImmutableArray<Vbd> Vbds, ImmutableArray<Vif> Vifs)
{
    public static VmDevices None(string id) => new(id, [], []);
}
