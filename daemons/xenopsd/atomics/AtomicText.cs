using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Atomics;

/// <summary>Steps as text, for logs and for the tables of plans: the protocol's name, the object, what distinguishes the step.</summary>
public static class AtomicText
{
    public static string Of(Atomic atomic) => atomic switch
    {
        Atomic.Parallel g => $"Parallel[{Join(g.Atoms)}]",
        Atomic.Nested_parallel g => $"Nested_parallel[{Join(g.Atoms)}]",
        Atomic.Serial g => $"Serial[{Join(g.Atoms)}]",
        Atomic.Best_effort b => $"Best_effort[{Of(b.Inner)}]",
        Atomic.OfDevice d => $"{Name(atomic)} {d.Device}{Device(d)}",
        _ => $"{Name(atomic)} {atomic.VmId}{Machine(atomic)}",
    };

    /// <summary>The protocol's name of the step, for spans and counters.</summary>
    public static string Name(Atomic atomic) => atomic.GetType().Name;

    private static string Device(Atomic.OfDevice atomic) => atomic switch
    {
        Atomic.VBD_set_active a => OnOff(a.Active),
        Atomic.VIF_set_active a => OnOff(a.Active),
        Atomic.VGPU_set_active a => OnOff(a.Active),
        Atomic.VBD_epoch_begin e => $" {Disk(e.Disk)}{(e.Persistent ? "" : " volatile")}",
        Atomic.VBD_epoch_end e => $" {Disk(e.Disk)}",
        Atomic.VBD_insert i => $" {Disk(i.Disk)}",
        Atomic.VBD_unplug u => Force(u.Force),
        Atomic.VBD_deactivate u => Force(u.Force),
        Atomic.VIF_unplug u => Force(u.Force),
        Atomic.PCI_plug p => p.Emulator ? " emulator" : "",
        Atomic.VIF_set_carrier c => OnOff(c.Carrier),
        _ => "",
    };

    private static string Machine(Atomic atomic) => atomic switch
    {
        Atomic.VM_hook_script h => $" {h.Script} {h.Reason}",
        Atomic.VM_hook_script_stable h => $" {h.Script} {h.Reason} at {h.BackendVm}",
        Atomic.VM_create c => Create(c),
        Atomic.VM_build b => Force(b.Force),
        Atomic.VM_create_device_model m => m.SaveState ? " saved" : "",
        Atomic.VM_shutdown_domain s => $" {s.Request} {Seconds(s.Timeout)}",
        Atomic.VM_set_domain_action_request r => $" {r.Request?.ToString() ?? "none"}",
        Atomic.VM_delay d => $" {Seconds(d.Delay)}",
        Atomic.VM_rename r => $" {r.NewVm} {r.When}",
        Atomic.VM_run_script r => $" {r.Script}",
        Atomic.VM_set_vcpus v => string.Create(CultureInfo.InvariantCulture, $" {v.Vcpus}"),
        Atomic.VM_set_shadow_multiplier m => string.Create(CultureInfo.InvariantCulture, $" {m.Multiplier}"),
        Atomic.VM_set_memory_dynamic_range r => string.Create(CultureInfo.InvariantCulture, $" {r.Minimum} {r.Maximum}"),
        Atomic.VM_request_rdp r => OnOff(r.Enabled),
        Atomic.VM_save s => (s.Live ? " live" : "") + (s.Image is { } disk ? $" to {Disk(disk)}" : ""),
        Atomic.VM_restore r => r.Image is { } disk ? $" from {Disk(disk)}" : "",
        Atomic.VGPU_start v => $" {string.Join(' ', v.Devices.Select(static d => d.Device))}{(v.Saved ? " saved" : "")}",
        Atomic.PCI_dequarantine d => $" {d.Address}",
        _ => "",
    };

    private static string Create(Atomic.VM_create create) =>
        (create.MemoryLimit is { } limit ? string.Create(CultureInfo.InvariantCulture, $" {limit}") : "")
        + (create.FinalId is { } final ? $" for {final}" : "")
        + (create.NoSharept ? " no_sharept" : "");

    private static string OnOff(bool on) => on ? " on" : " off";

    private static string Force(bool force) => force ? " force" : "";

    private static string Disk(Disk disk) => disk switch
    {
        Contract.Disk.Local l => l.path,
        Contract.Disk.VDI v => v.location,
        _ => "?",
    };

    private static string Seconds(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{time.TotalSeconds}s");

    private static string Join(ImmutableArray<Atomic> atoms) => string.Join("; ", atoms.Select(Of));
}
