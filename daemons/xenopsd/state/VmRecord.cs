using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.State;

/// <summary>Everything held of one VM. Immutable; the store replaces it whole.</summary>
/// <param name="Survivable">Its domain is complete: it is not to be ended for being half-made. Not kept on disk.</param>
/// <param name="Rebooting">A reboot is under way, so observers are told that it runs. Not kept on disk.</param>
public sealed record VmRecord(Vm Vm, ImmutableArray<Vbd> Vbds, ImmutableArray<Vif> Vifs, VmExtra Extra, bool Survivable = false, bool Rebooting = false)
{
    public VmDevices Devices => new(Vm.id, Vbds, Vifs);

    /// <summary>The same VM under another id: every record of it names the new one.</summary>
    public VmRecord WithId(string id) => this with
    {
        Vm = Vm with { id = id },
        Vbds = [.. Vbds.Select(v => v with { id = (id, v.id.device) })],
        Vifs = [.. Vifs.Select(v => v with { id = (id, v.id.device) })],
    };
}
