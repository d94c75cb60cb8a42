using System.Collections.Immutable;

namespace Toolstack.Xenopsd.Atomics;

/// <summary>What the executor knows of a step besides how it is done: its weight, how long it may take, how it is taken back.</summary>
public static class AtomicTraits
{
    private const double StreamWeight = 10;

    /// <summary>Share of the progress (xenops protocol: a memory stream weighs 10, everything else 1).</summary>
    public static double Weight(this Atomic atomic) => atomic switch
    {
        Atomic.VM_save or Atomic.VM_restore => StreamWeight,
        Atomic.Parallel p => Sum(p.Atoms),
        Atomic.Nested_parallel p => Sum(p.Atoms),
        Atomic.Serial s => Sum(s.Atoms),
        Atomic.Best_effort b => b.Inner.Weight(),
        _ => 1,
    };

    /// <summary>How long the step may take: a plain one its deadline, a serial one the sum, a parallel one the longest of each chunk.</summary>
    public static TimeSpan Deadline(this Atomic atomic) => atomic switch
    {
        Atomic.VM_shutdown_domain s => s.Timeout + Executor.ExecutorLimits.ShutdownGrace,
        Atomic.VM_delay d => d.Delay + Executor.ExecutorLimits.ShutdownGrace,
        Atomic.Parallel p => Chunked(p.Atoms),
        Atomic.Nested_parallel p => Chunked(p.Atoms),
        Atomic.Serial s => s.Atoms.Aggregate(TimeSpan.Zero, static (sum, a) => sum + a.Deadline()),
        Atomic.Best_effort b => b.Inner.Deadline(),
        _ => Executor.ExecutorLimits.AtomicDeadline,
    };

    /// <summary>The step that takes this one back after a later one failed, or null when there is none.</summary>
    public static Atomic? Undo(this Atomic atomic) => atomic switch
    {
        Atomic.VM_create c => new Atomic.VM_destroy(c.Vm),
        Atomic.VM_create_device_model m => new Atomic.VM_destroy_device_model(m.Vm),
        Atomic.VM_save s => new Atomic.VM_fast_resume(s.Vm),
        Atomic.VM_rename r => new Atomic.VM_rename(r.NewVm, r.Vm, r.When),
        Atomic.VBD_plug p => new Atomic.VBD_unplug(p.Device, Force: true),
        Atomic.VBD_attach a => new Atomic.VBD_detach(a.Device),
        Atomic.VBD_activate a => new Atomic.VBD_deactivate(a.Device, Force: true),
        Atomic.VBD_epoch_begin b => new Atomic.VBD_epoch_end(b.Device, b.Disk),
        Atomic.VBD_set_active { Active: true } a => a with { Active = false },
        Atomic.VIF_plug p => new Atomic.VIF_unplug(p.Device, Force: true),
        Atomic.VIF_set_active { Active: true } a => a with { Active = false },
        Atomic.PCI_plug p => new Atomic.PCI_unplug(p.Device),
        Atomic.VUSB_plug p => new Atomic.VUSB_unplug(p.Device),
        Atomic.VGPU_set_active { Active: true } a => a with { Active = false },
        _ => null,
    };

    private static double Sum(ImmutableArray<Atomic> atoms) => atoms.Sum(Weight);

    private static TimeSpan Chunked(ImmutableArray<Atomic> atoms) =>
        atoms.Chunk(Executor.ExecutorLimits.MaxParallelAtoms).Aggregate(TimeSpan.Zero, static (sum, chunk) => sum + chunk.Max(Deadline));
}
