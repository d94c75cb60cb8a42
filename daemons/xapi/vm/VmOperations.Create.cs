using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Placement;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Rows that come and go: create, clone, provision, destroy.</summary>
internal sealed partial class VmOperations
{
    private const string DefaultTemplateKey = "default_template";
    private const string MacSeedKey = "mac_seed";

    /// <summary>Raises MEMORY_CONSTRAINT_VIOLATION, INVALID_VALUE, VALUE_NOT_SUPPORTED.</summary>
    public override async Task<Ref<VM>> create(Call call, VM args)
    {
        VM row = Fresh(args) with
        {
            is_default_template = false,
            is_control_domain = false,
            is_a_snapshot = false,
            domain_type = VmRows.EffectiveDomainType(args),
            memory_target = args.memory_target == 0 ? args.memory_dynamic_max : args.memory_target,
        };
        if (BootCheck.Configuration(row) is { } invalid)
        {
            throw invalid;
        }

        return await AddAsync(row, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>A copy of the VM or template under another name, with clones of its disks; a template's copy is a template until it is
    /// provisioned.</summary>
    public override async Task<Ref<VM>> clone(Call call, Ref<VM> vm, string new_name)
    {
        VM original = await GetAsync(call, vm).ConfigureAwait(false);
        return await AddWithDisksAsync(
            Copied(vm, original, new_name), original, DiskCopy.Clone, Ref<SR>.Null, [], sameAddresses: false, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>The same with full copies of the disks, in the SR that is named, or else each in its own.</summary>
    public override async Task<Ref<VM>> copy(Call call, Ref<VM> vm, string new_name, Ref<SR> sr)
    {
        VM original = await GetAsync(call, vm).ConfigureAwait(false);
        return await AddWithDisksAsync(Copied(vm, original, new_name), original, DiskCopy.Full, sr, [], sameAddresses: false, call.Cancellation)
            .ConfigureAwait(false);
    }

    /// <summary>Makes a template's copy a VM. Disks that a template describes are not made: this pool has no storage classes.</summary>
    public override async Task provision(Call call, Ref<VM> vm) =>
        await ChangeAsync(call, vm, static row => row with { is_a_template = false }).ConfigureAwait(false);

    /// <summary>The VM's rows and its suspend image go; its disks stay.</summary>
    public override async Task destroy(Call call, Ref<VM> self)
    {
        VM row = await GetAsync(call, self).ConfigureAwait(false);
        await images.DestroyAsync(row.suspend_VDI).ConfigureAwait(false);
        foreach (Ref<VBD> one in row.VBDs)
        {
            VBD? vbd = await database.Find(one).ConfigureAwait(false);
            await database.Destroy(one).ConfigureAwait(false);
            if (vbd is { VDI.IsNull: false })
            {
                await storage.Facts.UpdateAllowedAsync(vbd.VDI, CancellationToken.None).ConfigureAwait(false);
            }
        }

        foreach (Ref<VIF> one in row.VIFs)
        {
            await database.Destroy(one).ConfigureAwait(false);
        }

        foreach (Ref<console> one in row.consoles)
        {
            await database.Destroy(one).ConfigureAwait(false);
        }

        await database.Destroy(self, call.Cancellation).ConfigureAwait(false);
        await DestroyIfAnyAsync(row.metrics).ConfigureAwait(false);
        await DestroyIfAnyAsync(row.guest_metrics).ConfigureAwait(false);
    }

    private async ValueTask DestroyIfAnyAsync<T>(Ref<T> self) where T : XenObject, IXenObject<T>
    {
        if (!self.IsNull && await database.Find(self).ConfigureAwait(false) is not null)
        {
            await database.Destroy(self).ConfigureAwait(false);
        }
    }

    private static VM Copied(Ref<VM> vm, VM original, string name) => Fresh(original) with
    {
        name_label = name,
        is_default_template = false,
        is_a_snapshot = false,
        snapshot_of = Ref<VM>.Null,
        snapshot_time = DateTimeOffset.UnixEpoch,
        parent = vm,
        is_a_template = original.is_a_template,
        other_config = original.other_config.Remove(DefaultTemplateKey).SetItem(MacSeedKey, Guid.NewGuid().ToString()),
    };

    /// <summary>Adds a VM with copies of another's disks. When something fails nothing of it is left.</summary>
    private async Task<Ref<VM>> AddWithDisksAsync(
        VM row, VM original, DiskCopy how, Ref<SR> place, ImmutableArray<Ref<VDI>> ignored, bool sameAddresses, CancellationToken cancel)
    {
        ImmutableArray<CopiedDisk> disks = await copies.DisksAsync(original, how, place, ignored, cancel).ConfigureAwait(false);
        Ref<VM>? self = null;
        try
        {
            self = await AddAsync(row, cancel).ConfigureAwait(false);
            await copies.AttachAsync(self.Value, disks, original, sameAddresses, cancel).ConfigureAwait(false);
            return self.Value;
        }
        catch (Exception e) when (e is XenApiError or OperationCanceledException)
        {
            if (self is { } made)
            {
                await copies.StripAsync(await database.Get(made, CancellationToken.None).ConfigureAwait(false)).ConfigureAwait(false);
                await database.Destroy(made, CancellationToken.None).ConfigureAwait(false);
            }

            await copies.DiscardAsync(disks).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>The row of a VM that never ran and that nothing refers to, with another's settings.</summary>
    private static VM Fresh(VM original) => original with
    {
        uuid = Guid.NewGuid().ToString(),
        power_state = vm_power_state.Halted,
        current_operations = original.current_operations.Clear(),
        resident_on = Ref<host>.Null,
        scheduled_to_be_resident_on = Ref<host>.Null,
        memory_overhead = VmRows.Memory(original).OverheadBytes,
        domid = -1,
        domarch = "",
        suspend_VDI = Ref<VDI>.Null,
        last_booted_record = "",
        last_boot_CPU_flags = original.last_boot_CPU_flags.Clear(),
        ha_always_run = false,
        metrics = Ref<VM_metrics>.Null,
        guest_metrics = Ref<VM_guest_metrics>.Null,
        requires_reboot = false,
        consoles = [],
        VIFs = [],
        VBDs = [],
        VUSBs = [],
        VTPMs = [],
        VGPUs = [],
        crash_dumps = [],
        attached_PCIs = [],
        snapshots = [],
        children = [],
        pending_guidances = [],
        pending_guidances_recommended = [],
        pending_guidances_full = [],
    };

    private async Task<Ref<VM>> AddAsync(VM row, CancellationToken cancel)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        Ref<VM_metrics> metrics = await database.Create(
            new VM_metrics { uuid = Guid.NewGuid().ToString(), install_time = now, last_updated = now }, cancel).ConfigureAwait(false);
        Ref<VM> self = await database.Create(row with { metrics = metrics }, cancel).ConfigureAwait(false);

        // Errors name the VM, so what it allows can only be computed once it has a reference.
        await database.Update(self, current => VmRows.WithAllowed(current, self.ToString()), cancel).ConfigureAwait(false);
        return self;
    }
}
