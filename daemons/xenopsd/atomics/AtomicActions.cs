using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.HookScripts;
using Toolstack.Xenopsd.Migration.Stream;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Atomics;

/// <summary>Does the plain steps on the backend and in the store. Steps of devices are done by <see cref="DeviceActions"/>, those that move a
/// guest's memory by <see cref="TransferActions"/>.</summary>
public sealed class AtomicActions(IBackend backend, VmStore store, Updates updates, HookRunner hooks, SaveOptions saveOptions, ILogger logger) : IAtomicActions
{
    private readonly DeviceActions devices = new(backend, store, updates);
    private readonly TransferActions transfers = new(backend, store, saveOptions, logger);

    public Task RunAsync(Atomic atomic, RunContext context, CancellationToken cancel) => atomic switch
    {
        Atomic.OfDevice d => devices.RunAsync(d, cancel),
        Atomic.PCI_dequarantine d => backend.Devices.DequarantinePciAsync(d.Address, cancel),
        Atomic.VGPU_start v => backend.Devices.StartVgpusAsync(v.Vm, [.. v.Devices.Select(d => store.Get(d.Vm).Vgpu(d.Device))], v.Saved, cancel),
        Atomic.VM_hook_script h => hooks.RunAsync(h.Script, h.Vm, h.Reason, () => backend.GetStatus(h.Vm)?.Domid, cancel),
        Atomic.VM_hook_script_stable h => hooks.RunAsync(h.Script, h.Vm, h.Reason, () => backend.GetStatus(h.BackendVm)?.Domid, cancel),
        Atomic.VM_create c => CreateAsync(c, cancel),
        Atomic.VM_build b => backend.BuildAsync(b.Vm, cancel),
        Atomic.VM_create_device_model m => backend.Devices.CreateDeviceModelAsync(store.Get(m.Vm).Description, m.SaveState, cancel),
        Atomic.VM_destroy_device_model m => backend.Devices.DestroyDeviceModelAsync(m.Vm, cancel),
        Atomic.VM_set_domain_action_request r => r.Request is null ? CompleteAsync(r.Vm, cancel) : GiveUpAsync(r, cancel),
        Atomic.VM_shutdown_domain s => ShutdownDomainAsync(s, cancel),
        Atomic.VM_pause p => backend.PauseAsync(p.Vm, cancel),
        Atomic.VM_unpause u => backend.UnpauseAsync(u.Vm, cancel),
        Atomic.VM_softreboot r => backend.Devices.SoftRebootAsync(store.Get(r.Vm).Description, cancel),
        Atomic.VM_s3suspend s => backend.Devices.S3SuspendAsync(s.Vm, cancel),
        Atomic.VM_s3resume s => backend.Devices.S3ResumeAsync(s.Vm, cancel),
        Atomic.VM_destroy d => backend.GetStatus(d.Vm) is null ? backend.ForgetGoneAsync(d.Vm, cancel) : backend.DestroyAsync(d.Vm, cancel),
        Atomic.VM_delay d => Task.Delay(d.Delay, cancel),
        Atomic.VM_rename r => RenameAsync(r, cancel),
        Atomic.VM_remove r => RemoveAsync(r.Vm),
        Atomic.VM_run_script r => RunScriptAsync(r, context, cancel),
        Atomic.VM_save s => transfers.SaveAsync(s, context, cancel),
        Atomic.VM_restore r => transfers.RestoreAsync(r, context, cancel),
        Atomic.VM_fast_resume r => transfers.FastResumeAsync(r.Vm, cancel),
        _ => SettingAsync(atomic, cancel),
    };

    /// <summary>Settings are kept before they reach the domain; those of a VM without one stop there.</summary>
    private Task SettingAsync(Atomic atomic, CancellationToken cancel)
    {
        bool lives = backend.GetStatus(atomic.VmId) is not null;
        switch (atomic)
        {
            case Atomic.VM_set_xsdata x:
                store.Update(x.Vm, r => r with { Vm = r.Vm with { xsdata = x.Xsdata } });
                return lives ? backend.Devices.SetXsdataAsync(x.Vm, x.Xsdata, cancel) : Task.CompletedTask;
            case Atomic.VM_set_vcpus v:
                return SetVcpusAsync(v, lives, cancel);
            case Atomic.VM_set_shadow_multiplier m:
                return backend.Devices.SetShadowMultiplierAsync(m.Vm, m.Multiplier, cancel);
            case Atomic.VM_set_memory_dynamic_range m:
                store.Update(m.Vm, r => r with { Vm = r.Vm with { memory_dynamic_min = m.Minimum, memory_dynamic_max = m.Maximum } });
                return lives ? backend.Devices.SetMemoryDynamicRangeAsync(m.Vm, m.Minimum, m.Maximum, cancel) : Task.CompletedTask;
            case Atomic.VM_request_rdp r:
                return backend.Devices.RequestRdpAsync(r.Vm, r.Enabled, cancel);
            default:
                throw new XenopsError(new XenopsErrorValue.Unimplemented(AtomicText.Name(atomic)));
        }
    }

    private async Task SetVcpusAsync(Atomic.VM_set_vcpus atomic, bool lives, CancellationToken cancel)
    {
        long most = store.Get(atomic.Vm).Vm.vcpu_max;
        if (atomic.Vcpus < 1 || atomic.Vcpus > most)
        {
            throw new XenopsError(new XenopsErrorValue.Invalid_vcpus(most));
        }

        if (lives)
        {
            await backend.Devices.SetVcpusAsync(atomic.Vm, checked((int)atomic.Vcpus), cancel).ConfigureAwait(false);
        }

        store.Update(atomic.Vm, r => r with { Vm = r.Vm with { vcpus = atomic.Vcpus } });
    }

    private async Task CreateAsync(Atomic.VM_create atomic, CancellationToken cancel)
    {
        var record = store.Get(atomic.Vm);
        var vm = record.Vm;
        long memory = atomic.MemoryLimit ?? (atomic.Restores && record.HasImage ? record.Extra.persistent.suspend_memory_bytes : vm.memory_dynamic_max);
        await backend.CreateAsync(
            new DomainConfig(
                vm.id, vm.name, vm.memory_static_max, memory, memory, checked((int)vm.vcpus), checked((int)vm.vcpu_max), vm.platformdata, atomic.FinalId)
            {
                Description = record.Description,
                MemoryTotalSourceBytes = atomic.TotalSource,
                NoSharedPageTables = atomic.NoSharept,
                Restores = atomic.Restores,
            },
            cancel).ConfigureAwait(false);
        if (!atomic.Restores)
        {
            double now = DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;
            store.Update(atomic.Vm, r => r.WithPersistent(p => p with
            {
                version = VmPersistent.CurrentVersion,
                last_start_time = now,
                suspend_memory_bytes = 0,
                ty = vm.ty,
                nomigrate = PlatformFlags.IsTrue(vm.platformdata, "nomigrate"),
                nested_virt = PlatformFlags.IsTrue(vm.platformdata, "nested-virt"),
                pci_msitranslate = vm.pci_msitranslate,
                pci_power_mgmt = vm.pci_power_mgmt,
            }));
        }
    }

    /// <summary>The domain is whole: nobody ends it for being half-made, and an image it came from is used up. In this order, for between the
    /// two the VM must not be without both.</summary>
    private async Task CompleteAsync(string vm, CancellationToken cancel)
    {
        await backend.Devices.SetActionRequestAsync(vm, null, cancel).ConfigureAwait(false);
        if (store.Get(vm).HasImage)
        {
            store.Update(vm, static r => r.WithPersistent(static p => p with { suspend_memory_bytes = 0 }));
        }
    }

    private Task GiveUpAsync(Atomic.VM_set_domain_action_request atomic, CancellationToken cancel) =>
        backend.GetStatus(atomic.Vm) is null ? Task.CompletedTask : backend.Devices.SetActionRequestAsync(atomic.Vm, atomic.Request, cancel);

    private async Task ShutdownDomainAsync(Atomic.VM_shutdown_domain atomic, CancellationToken cancel)
    {
        long started = Stopwatch.GetTimestamp();
        var ack = atomic.Timeout < ExecutorLimits.ShutdownAck ? atomic.Timeout : ExecutorLimits.ShutdownAck;
        if (!await backend.RequestShutdownAsync(atomic.Vm, atomic.Request, ack, cancel).ConfigureAwait(false))
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_acknowledge_shutdown_request());
        }

        var rest = atomic.Timeout - Stopwatch.GetElapsedTime(started);
        if (!await backend.WaitShutdownAsync(atomic.Vm, atomic.Request, rest > TimeSpan.Zero ? rest : TimeSpan.Zero, cancel).ConfigureAwait(false))
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_shutdown(atomic.Vm, atomic.Timeout.TotalSeconds));
        }
    }

    private async Task RenameAsync(Atomic.VM_rename atomic, CancellationToken cancel)
    {
        await backend.RenameAsync(atomic.Vm, atomic.NewVm, cancel).ConfigureAwait(false);
        try
        {
            store.Rename(atomic.Vm, atomic.NewVm);
        }
        catch (XenopsError)
        {
            // Both or neither: a full disk must not part the domain from its record.
            await backend.RenameAsync(atomic.NewVm, atomic.Vm, CancellationToken.None).ConfigureAwait(false);
            throw;
        }
    }

    private async Task RunScriptAsync(Atomic.VM_run_script atomic, RunContext context, CancellationToken cancel) =>
        context.Result = await backend.RunScriptAsync(atomic.Vm, atomic.Script, cancel).ConfigureAwait(false);

    private Task RemoveAsync(string id)
    {
        var state = VmStates.PowerStateOf(store.Get(id), backend.GetStatus(id));
        if (state is PowerState.Running or PowerState.Paused)
        {
            throw new XenopsError(new XenopsErrorValue.Bad_power_state(state, PowerState.Halted));
        }

        store.Remove(id);
        return Task.CompletedTask;
    }
}
