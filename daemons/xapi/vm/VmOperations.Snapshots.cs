using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Snapshots: of the disks, of disks and memory (checkpoint), and the way back.</summary>
internal sealed partial class VmOperations
{
    /// <summary>Of a suspended VM its image is kept with the snapshot. Disks in <paramref name="ignore_vdis"/> are left out.</summary>
    public override async Task<Ref<VM>> snapshot(Call call, Ref<VM> vm, string new_name, ImmutableArray<Ref<VDI>> ignore_vdis = default)
    {
        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        Ref<VDI> image = row.power_state == vm_power_state.Suspended && !row.suspend_VDI.IsNull
            ? await copies.ImageAsync(row.suspend_VDI, call.Cancellation).ConfigureAwait(false)
            : Ref<VDI>.Null;
        return await SnapshotAsync(call, vm, row, new_name, image, row.last_booted_record, ignore_vdis).ConfigureAwait(false);
    }

    /// <summary>A running VM is suspended, copied and resumed; nobody sees it suspended meanwhile. Raises VM_NO_SUSPEND_SR [vm],
    /// VM_CHECKPOINT_SUSPEND_FAILED [vm], VM_CHECKPOINT_RESUME_FAILED [vm] (the VM is suspended then).</summary>
    public override async Task<Ref<VM>> checkpoint(Call call, Ref<VM> vm, string new_name)
    {
        CallContext context = Context(call);
        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        if (row.power_state == vm_power_state.Suspended)
        {
            return await snapshot(call, vm, new_name).ConfigureAwait(false);
        }

        Ref<VDI> image = await images.CreateAsync(vm, row, call.Cancellation).ConfigureAwait(false);
        await using (await xenops.SuppressAsync(row.uuid, call.Cancellation).ConfigureAwait(false))
        {
            await SaveForCheckpointAsync(context, vm, row.uuid, image).ConfigureAwait(false);
            string record = await RecordOfAsync(context, vm, row.uuid).ConfigureAwait(false);
            Ref<VM> made;
            try
            {
                Ref<VDI> kept = await copies.ImageAsync(image, CancellationToken.None).ConfigureAwait(false);
                made = await SnapshotAsync(call, vm, row, new_name, kept, record, []).ConfigureAwait(false);
            }
            finally
            {
                await ResumeFromCheckpointAsync(context, vm, row, image, record).ConfigureAwait(false);
            }

            return made;
        }
    }

    /// <summary>Makes the VM what it was when the snapshot was taken: settings, disks, interfaces, and memory where the snapshot has it.
    /// The VM is ended first if it runs. Raises VM_REVERT_FAILED [vm; snapshot].</summary>
    public override async Task revert(Call call, Ref<VM> snapshot)
    {
        VM kept = await GetAsync(call, snapshot).ConfigureAwait(false);
        Ref<VM> vm = kept.snapshot_of;
        VM row = await database.Find(vm, call.Cancellation).ConfigureAwait(false)
            ?? throw new XenApiError("VM_REVERT_FAILED", vm.ToString(), snapshot.ToString());
        if (row.power_state != vm_power_state.Halted)
        {
            await remote.CallCoordinatorAsync("VM.hard_shutdown", [new Value.Text(vm.ToString())], call.Cancellation).ConfigureAwait(false);
        }

        ImmutableArray<CopiedDisk> disks = await copies.DisksAsync(kept, DiskCopy.Clone, Ref<SR>.Null, [], call.Cancellation).ConfigureAwait(false);
        try
        {
            Ref<VDI> image = kept.suspend_VDI.IsNull ? Ref<VDI>.Null : await copies.ImageAsync(kept.suspend_VDI, call.Cancellation).ConfigureAwait(false);

            // From here on nothing is undone: the VM has lost what it was.
            await copies.StripAsync(await database.Get(vm).ConfigureAwait(false)).ConfigureAwait(false);
            await database.Update(vm, current => Reverted(current, kept, snapshot, image)).ConfigureAwait(false);
            await copies.AttachAsync(vm, disks, kept, sameAddresses: true, CancellationToken.None).ConfigureAwait(false);
            if (!image.IsNull)
            {
                await devices.AttachAllAsync(await database.Get(vm).ConfigureAwait(false), CancellationToken.None).ConfigureAwait(false);
            }

            await ChangeAsync(call, vm, static current => current).ConfigureAwait(false);
        }
        catch (Exception e) when (e is XenApiError or OperationCanceledException)
        {
            Log.RevertFailed(logger, row.uuid, kept.uuid, e.Message);
            throw new XenApiError("VM_REVERT_FAILED", vm.ToString(), snapshot.ToString());
        }
    }

    /// <summary>The row that a VM gets back: the snapshot's, but for who it is and what refers to it.</summary>
    private static VM Reverted(VM row, VM kept, Ref<VM> snapshot, Ref<VDI> image) => Fresh(kept) with
    {
        uuid = row.uuid,
        name_label = row.name_label,
        is_a_template = row.is_a_template,
        is_a_snapshot = false,
        snapshot_of = Ref<VM>.Null,
        snapshot_time = DateTimeOffset.UnixEpoch,
        snapshots = row.snapshots,
        children = row.children,
        parent = snapshot,
        metrics = row.metrics,
        guest_metrics = row.guest_metrics,
        current_operations = row.current_operations,
        allowed_operations = row.allowed_operations,
        blocked_operations = row.blocked_operations,
        tags = row.tags,
        appliance = row.appliance,
        snapshot_schedule = row.snapshot_schedule,
        VBDs = row.VBDs,
        VIFs = row.VIFs,
        VUSBs = row.VUSBs,
        VTPMs = row.VTPMs,
        VGPUs = row.VGPUs,
        consoles = row.consoles,
        suspend_VDI = image,
        last_booted_record = image.IsNull ? "" : kept.last_booted_record,
        power_state = image.IsNull ? vm_power_state.Halted : vm_power_state.Suspended,
    };

    private async Task<Ref<VM>> SnapshotAsync(
        Call call, Ref<VM> vm, VM row, string name, Ref<VDI> image, string record, ImmutableArray<Ref<VDI>> ignored)
    {
        try
        {
            VM copy = Fresh(row) with
            {
                name_label = name,
                is_a_template = true,
                is_default_template = false,
                is_a_snapshot = true,
                snapshot_of = vm,
                snapshot_time = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()),
                snapshot_info = row.snapshot_info.SetItem("power-state-at-snapshot", vm_power_stateCodec.Text(row.power_state)),
                parent = row.parent,
                suspend_VDI = image,
                last_booted_record = image.IsNull ? "" : record,
                power_state = image.IsNull ? vm_power_state.Halted : vm_power_state.Suspended,
            };
            Ref<VM> self = await AddWithDisksAsync(copy, row, DiskCopy.Snapshot, Ref<SR>.Null, ignored, sameAddresses: true, call.Cancellation)
                .ConfigureAwait(false);
            await database.Update(vm, current => current with { parent = self }).ConfigureAwait(false);
            return self;
        }
        catch (Exception e) when (e is XenApiError or OperationCanceledException)
        {
            await images.DestroyAsync(image).ConfigureAwait(false);
            throw;
        }
    }

    private async Task SaveForCheckpointAsync(CallContext call, Ref<VM> vm, string uuid, Ref<VDI> image)
    {
        try
        {
            await SaveAsync(call, vm, uuid, image).ConfigureAwait(false);
        }
        catch (XenApiError e)
        {
            Log.CheckpointFailed(logger, uuid, e.Message);
            await EndIfSuspendedAsync(call, vm, uuid).ConfigureAwait(false);
            await images.DestroyAsync(image).ConfigureAwait(false);
            throw new XenApiError("VM_CHECKPOINT_SUSPEND_FAILED", vm.ToString());
        }
    }

    /// <summary>The record by which xenopsd knows the suspended VM again.</summary>
    private async Task<string> RecordOfAsync(CallContext call, Ref<VM> vm, string uuid)
    {
        string text = await xenops.AskAsync(call, vm, uuid, (x, debug) => x.VmExportMetadata(debug, uuid, CancellationToken.None)).ConfigureAwait(false);
        return MetadataCodec.Read(JsonValueReader.Parse(System.Text.Encoding.UTF8.GetBytes(text))).domains ?? "";
    }

    private async Task ResumeFromCheckpointAsync(CallContext call, Ref<VM> vm, VM row, Ref<VDI> image, string record)
    {
        try
        {
            await RestoreAsync(call, vm, row.uuid, image, paused: row.power_state == vm_power_state.Paused).ConfigureAwait(false);
        }
        catch (XenApiError e)
        {
            // The image is whole: the VM is suspended, for a client to resume.
            Log.CheckpointFailed(logger, row.uuid, e.Message);
            await EndIfRunningAsync(call, vm, row.uuid).ConfigureAwait(false);
            await database.Update(vm, current => VmRows.WithAllowed(current with
            {
                power_state = vm_power_state.Suspended,
                suspend_VDI = image,
                last_booted_record = record,
                resident_on = Ref<host>.Null,
                domid = -1,
            }, vm.ToString())).ConfigureAwait(false);
            throw new XenApiError("VM_CHECKPOINT_RESUME_FAILED", vm.ToString());
        }

        await images.DestroyAsync(image).ConfigureAwait(false);
    }
}
