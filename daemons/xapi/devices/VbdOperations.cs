using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Devices;

/// <summary>The messages of class VBD. Forwarding has locked the VBD and chosen the host on which its VM runs.</summary>
internal sealed class VbdOperations(XapiDatabase database, LocalXenops xenops, DeviceDescriber describer, DeviceUpdates updates) : VBDMessages
{
    private readonly DeviceFacts facts = new(database);

    /// <summary>Raises VBD_NOT_REMOVABLE_MEDIA for an empty disk, VBD_CDS_MUST_BE_READONLY, INVALID_DEVICE [userdevice],
    /// DEVICE_ALREADY_EXISTS [userdevice], VDI_NOT_MANAGED, HANDLE_INVALID.</summary>
    public override async Task<Ref<VBD>> create(Call call, VBD args)
    {
        if (args.empty && args.type != vbd_type.CD && args.type != vbd_type.Floppy)
        {
            throw new XenApiError("VBD_NOT_REMOVABLE_MEDIA", "in constructor");
        }

        if (args.type == vbd_type.CD && args.mode == vbd_mode.RW)
        {
            throw new XenApiError("VBD_CDS_MUST_BE_READONLY");
        }

        VM vm = await database.Get(args.VM, call.Cancellation).ConfigureAwait(false);
        if (!args.empty && !(await database.Get(args.VDI, call.Cancellation).ConfigureAwait(false)).managed)
        {
            throw new XenApiError("VDI_NOT_MANAGED", args.VDI.ToString());
        }

        string device = await ChooseAsync(vm, args.userdevice, call.Cancellation).ConfigureAwait(false);
        Ref<VBD> self = await database.Create(args with
        {
            uuid = Guid.NewGuid().ToString(),
            VDI = args.empty ? Ref<VDI>.Null : args.VDI,
            userdevice = device,
            device = args.device,
            currently_attached = false,
            reserved = false,
            storage_lock = false,
        }, call.Cancellation).ConfigureAwait(false);
        await facts.UpdateAllowedAsync(self, call.Cancellation).ConfigureAwait(false);
        return self;
    }

    /// <summary>Raises OPERATION_NOT_ALLOWED for an attached one.</summary>
    public override async Task destroy(Call call, Ref<VBD> self)
    {
        VBD row = await database.Get(self, call.Cancellation).ConfigureAwait(false);
        if (row.currently_attached)
        {
            throw new XenApiError("OPERATION_NOT_ALLOWED", $"VBD '{row.uuid}' still attached to '{row.VM}'");
        }

        await database.Destroy(self, call.Cancellation).ConfigureAwait(false);
        if (!row.VDI.IsNull)
        {
            await new Storage.StorageFacts(database).UpdateAllowedAsync(row.VDI, call.Cancellation).ConfigureAwait(false);
        }
    }

    public override async Task plug(Call call, Ref<VBD> self)
    {
        (VBD row, VM vm) = await ReadAsync(call, self).ConfigureAwait(false);
        Vbd described = await describer.DescribeAsync(vm, row, call.Cancellation).ConfigureAwait(false);
        try
        {
            await xenops.AskAsync(Context(call), row.VM, vm.uuid, (x, debug) => x.VbdAdd(debug, described, CancellationToken.None)).ConfigureAwait(false);
            await xenops.RunAsync(Context(call), row.VM, vm.uuid, (x, debug) => x.VbdPlug(debug, described.id, CancellationToken.None)).ConfigureAwait(false);
        }
        finally
        {
            await updates.RefreshAsync(self, row.VM, CancellationToken.None).ConfigureAwait(false);
        }
    }

    public override Task unplug(Call call, Ref<VBD> self) => UnplugAsync(call, self, force: false);

    public override Task unplug_force(Call call, Ref<VBD> self) => UnplugAsync(call, self, force: true);

    /// <summary>Raises what forbids attaching the VDI now.</summary>
    public override async Task assert_attachable(Call call, Ref<VBD> self)
    {
        VBD row = await database.Get(self, call.Cancellation).ConfigureAwait(false);
        VbdFacts known = await facts.OfAsync(self, row, call.Cancellation).ConfigureAwait(false);
        if (DeviceRules.Attachable(row, known) is { } error)
        {
            throw error;
        }
    }

    /// <summary>Raises VBD_CDS_MUST_BE_READONLY; VM_BAD_POWER_STATE unless the VM is halted.</summary>
    public override async Task set_mode(Call call, Ref<VBD> self, vbd_mode value)
    {
        (VBD row, VM vm) = await ReadAsync(call, self).ConfigureAwait(false);
        if (row.type == vbd_type.CD && value == vbd_mode.RW)
        {
            throw new XenApiError("VBD_CDS_MUST_BE_READONLY");
        }

        if (vm.power_state != vm_power_state.Halted)
        {
            throw new XenApiError("VM_BAD_POWER_STATE", row.VM.ToString(), "halted", VirtualMachines.VmRows.PowerStateText(vm.power_state));
        }

        await database.Update(self, current => current with { mode = value }, call.Cancellation).ConfigureAwait(false);
        await facts.UpdateAllowedAsync(self, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>Puts a medium into an empty drive; of a VM that does not run in the database only.</summary>
    public override async Task insert(Call call, Ref<VBD> vbd, Ref<VDI> vdi)
    {
        (VBD row, VM vm) = await ReadAsync(call, vbd).ConfigureAwait(false);
        VBD full = row with { VDI = vdi, empty = false };
        VbdFacts known = await facts.OfAsync(vbd, full, call.Cancellation).ConfigureAwait(false);
        if (DeviceRules.Attachable(full, known) is { } error)
        {
            throw error;
        }

        if (row.currently_attached && vm.power_state is vm_power_state.Running or vm_power_state.Paused)
        {
            Disk disk = (await describer.DescribeAsync(vm, full, call.Cancellation).ConfigureAwait(false)).backend!;
            await xenops.RunAsync(Context(call), row.VM, vm.uuid,
                (x, debug) => x.VbdInsert(debug, DeviceNames.VbdId(vm, row), disk, CancellationToken.None)).ConfigureAwait(false);
        }

        await database.Update(vbd, current => current with { VDI = vdi, empty = false }).ConfigureAwait(false);
        await facts.UpdateAllowedAsync(vbd, CancellationToken.None).ConfigureAwait(false);
    }

    public override async Task eject(Call call, Ref<VBD> vbd)
    {
        (VBD row, VM vm) = await ReadAsync(call, vbd).ConfigureAwait(false);
        if (row.currently_attached && vm.power_state is vm_power_state.Running or vm_power_state.Paused)
        {
            await xenops.RunAsync(Context(call), row.VM, vm.uuid,
                (x, debug) => x.VbdEject(debug, DeviceNames.VbdId(vm, row), CancellationToken.None)).ConfigureAwait(false);
        }

        await database.Update(vbd, static current => current with { VDI = Ref<VDI>.Null, empty = true }).ConfigureAwait(false);
        await facts.UpdateAllowedAsync(vbd, CancellationToken.None).ConfigureAwait(false);
        await new Storage.StorageFacts(database).UpdateAllowedAsync(row.VDI, CancellationToken.None).ConfigureAwait(false);
    }

    private static CallContext Context(Call call) => (CallContext)call;

    private async ValueTask<(VBD Row, VM Vm)> ReadAsync(Call call, Ref<VBD> self)
    {
        VBD row = await database.Get(self, call.Cancellation).ConfigureAwait(false);
        return (row, await database.Get(row.VM, call.Cancellation).ConfigureAwait(false));
    }

    private async Task UnplugAsync(Call call, Ref<VBD> self, bool force)
    {
        (VBD row, VM vm) = await ReadAsync(call, self).ConfigureAwait(false);
        (string vm, string device) id = DeviceNames.VbdId(vm, row);
        try
        {
            await xenops.RunAsync(Context(call), row.VM, vm.uuid, (x, debug) => x.VbdUnplug(debug, id, force, CancellationToken.None)).ConfigureAwait(false);
            await xenops.TellAsync(Context(call), row.VM, vm.uuid,
                (x, debug) => DeviceUpdates.ForgetAsync(() => x.VbdRemove(debug, id, CancellationToken.None))).ConfigureAwait(false);
        }
        finally
        {
            await updates.RefreshAsync(self, row.VM, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>The free device that the client asked for.</summary>
    private async ValueTask<string> ChooseAsync(VM vm, string asked, CancellationToken cancel)
    {
        List<string> taken = [];
        foreach (Ref<VBD> one in vm.VBDs)
        {
            if (await database.Find(one, cancel).ConfigureAwait(false) is { } other)
            {
                taken.Add(other.userdevice);
            }
        }

        System.Collections.Immutable.ImmutableArray<string> free = DeviceNames.FreeDisks(taken);
        if (asked is DeviceNames.Autodetect or "")
        {
            return free.IsEmpty ? throw new XenApiError("INVALID_DEVICE", asked) : free[0];
        }

        int number = DeviceNames.DiskNumber(asked) ?? throw new XenApiError("INVALID_DEVICE", asked);
        return taken.Exists(other => DeviceNames.DiskNumber(other) == number) ? throw new XenApiError("DEVICE_ALREADY_EXISTS", asked) : asked;
    }
}
