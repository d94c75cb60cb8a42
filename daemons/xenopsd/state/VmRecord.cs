using System.Collections.Immutable;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Xenopsd.State;

/// <summary>Everything held of one VM. Immutable; the store replaces it whole.</summary>
/// <param name="Rebooting">A reboot is under way, so observers are told that it runs. Not kept on disk.</param>
public sealed record VmRecord(Vm Vm, ImmutableArray<Vbd> Vbds, ImmutableArray<Vif> Vifs, VmExtra Extra, bool Rebooting = false)
{
    public ImmutableArray<Pci> Pcis { get; init; } = [];

    public ImmutableArray<Vgpu> Vgpus { get; init; } = [];

    public ImmutableArray<Vusb> Vusbs { get; init; } = [];

    /// <summary>See <see cref="VmDevices.PlugsInOneStep"/>; the store's configuration, the same for all its records.</summary>
    public bool PlugsInOneStep { get; init; } = true;

    public VmDevices Devices => new(Vm.id, Vbds, Vifs) { Pcis = Pcis, Vgpus = Vgpus, Vusbs = Vusbs, PlugsInOneStep = PlugsInOneStep };

    public DomainDescription Description => new(Vm, Vbds, Vifs, Pcis, Vgpus, Vusbs) { Extra = Extra.persistent };

    /// <summary>The VM has an image instead of a domain.</summary>
    public bool HasImage => Extra.persistent.suspend_memory_bytes != 0;

    /// <summary>All devices of the VM, as observers name them.</summary>
    public IEnumerable<DynamicId> DeviceIds =>
    [
        .. Vbds.Select(static d => new DynamicId.Vbd(d.id.vm, d.id.device)),
        .. Vifs.Select(static d => new DynamicId.Vif(d.id.vm, d.id.device)),
        .. Pcis.Select(static d => new DynamicId.Pci(d.id.vm, d.id.device)),
        .. Vgpus.Select(static d => new DynamicId.Vgpu(d.id.vm, d.id.device)),
        .. Vusbs.Select(static d => new DynamicId.Vusb(d.id.vm, d.id.device)),
    ];

    /// <summary>The same VM under another id: every record of it names the new one.</summary>
    public VmRecord WithId(string id) => this with
    {
        Vm = Vm with { id = id },
        Vbds = [.. Vbds.Select(v => v with { id = (id, v.id.device) })],
        Vifs = [.. Vifs.Select(v => v with { id = (id, v.id.device) })],
        Pcis = [.. Pcis.Select(v => v with { id = (id, v.id.device) })],
        Vgpus = [.. Vgpus.Select(v => v with { id = (id, v.id.device) })],
        Vusbs = [.. Vusbs.Select(v => v with { id = (id, v.id.device) })],
    };

    public VmRecord WithPersistent(Func<VmPersistent, VmPersistent> change) => this with { Extra = new VmExtra { persistent = change(Extra.persistent) } };

    /// <summary>Raises Does_not_exist.</summary>
    public Vbd Vbd(string device) => Vbds.FirstOrDefault(v => v.id.device == device) ?? throw Missing("VBD", device);

    /// <summary>Raises Does_not_exist.</summary>
    public Vif Vif(string device) => Vifs.FirstOrDefault(v => v.id.device == device) ?? throw Missing("VIF", device);

    /// <summary>Raises Does_not_exist.</summary>
    public Pci Pci(string device) => Pcis.FirstOrDefault(v => v.id.device == device) ?? throw Missing("PCI", device);

    /// <summary>Raises Does_not_exist.</summary>
    public Vgpu Vgpu(string device) => Vgpus.FirstOrDefault(v => v.id.device == device) ?? throw Missing("VGPU", device);

    /// <summary>Raises Does_not_exist.</summary>
    public Vusb Vusb(string device) => Vusbs.FirstOrDefault(v => v.id.device == device) ?? throw Missing("VUSB", device);

    public VmRecord With(Vbd vbd) => this with { Vbds = Replaced(Vbds, vbd, static v => v.id.device) };

    public VmRecord With(Vif vif) => this with { Vifs = Replaced(Vifs, vif, static v => v.id.device) };

    public VmRecord With(Pci pci) => this with { Pcis = Replaced(Pcis, pci, static v => v.id.device) };

    public VmRecord With(Vgpu vgpu) => this with { Vgpus = Replaced(Vgpus, vgpu, static v => v.id.device) };

    public VmRecord With(Vusb vusb) => this with { Vusbs = Replaced(Vusbs, vusb, static v => v.id.device) };

    /// <summary>Without a device; the same record when there is none.</summary>
    public VmRecord Without(DynamicId id) => id switch
    {
        DynamicId.Vbd d => this with { Vbds = Vbds.RemoveAll(v => v.id.device == d.device) },
        DynamicId.Vif d => this with { Vifs = Vifs.RemoveAll(v => v.id.device == d.device) },
        DynamicId.Pci d => this with { Pcis = Pcis.RemoveAll(v => v.id.device == d.device) },
        DynamicId.Vgpu d => this with { Vgpus = Vgpus.RemoveAll(v => v.id.device == d.device) },
        DynamicId.Vusb d => this with { Vusbs = Vusbs.RemoveAll(v => v.id.device == d.device) },
        _ => this,
    };

    private static ImmutableArray<T> Replaced<T>(ImmutableArray<T> devices, T device, Func<T, string> name)
    {
        for (int i = 0; i < devices.Length; i++)
        {
            if (name(devices[i]) == name(device))
            {
                return devices.SetItem(i, device);
            }
        }

        return devices.Add(device);
    }

    private XenopsError Missing(string kind, string device) => XenopsError.DoesNotExist(kind, $"{Vm.id}.{device}");
}
