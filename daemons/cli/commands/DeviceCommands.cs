using Toolstack.Idl;

namespace Toolstack.Cli.Commands;

/// <summary>Disks, CDs and network interfaces of VMs.</summary>
internal static class DeviceCommands
{
    internal static IEnumerable<CliCommand> All =>
    [
        new("vbd-create", ["vm-uuid", "device"], ["vdi-uuid", "bootable", "mode", "type", "unpluggable"], "Make a block device for a VM.", CreateVbdAsync),
        MessageCommand.Of("vbd-destroy", "VBD.destroy", "Forget a block device.", "self=uuid"),
        MessageCommand.Of("vbd-plug", "VBD.plug", "Attach a block device to its running VM.", "self=uuid"),
        new("vbd-unplug", ["uuid"], ["force"], "Detach a block device from its running VM.", UnplugVbdAsync),
        MessageCommand.Of("vbd-eject", "VBD.eject", "Take the medium out of a drive.", "vbd=uuid"),
        MessageCommand.Of("vbd-insert", "VBD.insert", "Put a medium into a drive.", "vbd=uuid", "vdi=vdi-uuid"),
        new("vif-create", ["vm-uuid", "network-uuid"], ["device", "mac", "mtu"], "Make a network interface for a VM.", CreateVifAsync),
        MessageCommand.Of("vif-destroy", "VIF.destroy", "Forget a network interface.", "self=uuid"),
        MessageCommand.Of("vif-plug", "VIF.plug", "Attach a network interface to its running VM.", "self=uuid"),
        new("vif-unplug", ["uuid"], ["force"], "Detach a network interface from its running VM.", UnplugVifAsync),
        MessageCommand.Of("vif-move", "VIF.move", "Move a network interface to another network.", "self=uuid", "network=network-uuid"),
        new("vm-disk-list", [], ["vm"], "List the disks of VMs.", (context, cancel) => ListDrivesAsync(context, "Disk", cancel)),
        new("vm-cd-list", [], ["vm"], "List the CD drives of VMs.", (context, cancel) => ListDrivesAsync(context, "CD", cancel)),
        new("vm-cd-eject", [], ["vm"], "Take the medium out of the CD drive of VMs.", EjectAsync),
        new("vm-cd-insert", ["cd-name"], ["vm"], "Put a medium into the CD drive of VMs.", InsertAsync),
        MessageCommand.Of("console-destroy", "console.destroy", "Forget a console.", "self=uuid"),
    ];

    private static async Task CreateVbdAsync(CliContext context, CancellationToken cancel)
    {
        var arguments = context.Arguments;
        var vdi = await context.Names.FindAsync("VDI", arguments.Optional("vdi-uuid"), cancel);
        var record = new Value.Struct(
        [
            new("VM", await context.Names.FindAsync("VM", arguments.Required("vm-uuid"), cancel)),
            new("VDI", vdi),
            new("userdevice", new Value.Text(arguments.Required("device"))),
            new("bootable", new Value.Bool(arguments.Flag("bootable"))),
            new("mode", new Value.Text(arguments.Optional("mode", "RW").ToUpperInvariant())),
            new("type", new Value.Text(arguments.Optional("type", "Disk"))),
            new("unpluggable", new Value.Bool(arguments.Flag("unpluggable", absent: true))),
            new("empty", new Value.Bool(ObjectNames.IsNull(vdi))),
            new("other_config", new Value.Struct([])),
            new("qos_algorithm_type", Value.Empty),
            new("qos_algorithm_params", new Value.Struct([])),
        ]);
        await PrintNewAsync(context, "VBD", record, cancel);
    }

    private static async Task CreateVifAsync(CliContext context, CancellationToken cancel)
    {
        var arguments = context.Arguments;
        var vm = await context.Names.FindAsync("VM", arguments.Required("vm-uuid"), cancel);
        var device = arguments.Find("device") ?? (await context.Session.CallAsync("VM.get_allowed_VIF_devices", cancel, vm)).AsArray()[0].AsString();
        var mac = arguments.Optional("mac");
        var record = new Value.Struct(
        [
            new("VM", vm),
            new("network", await context.Names.FindAsync("network", arguments.Required("network-uuid"), cancel)),
            new("device", new Value.Text(device)),
            new("MAC", new Value.Text(mac is "random" ? "" : mac)),
            new("MTU", new Value.Text(Typed.Integer("mtu", arguments.Optional("mtu", "1500")))),
            new("other_config", new Value.Struct([])),
            new("qos_algorithm_type", Value.Empty),
            new("qos_algorithm_params", new Value.Struct([])),
        ]);
        await PrintNewAsync(context, "VIF", record, cancel);
    }

    private static async Task UnplugVbdAsync(CliContext context, CancellationToken cancel)
    {
        var vbd = await context.Names.ByUuidAsync("VBD", context.Arguments.Required("uuid"), cancel);
        await LongOperation.RunAsync(context, context.Arguments.Flag("force") ? "VBD.unplug_force" : "VBD.unplug", cancel, vbd);
    }

    private static async Task UnplugVifAsync(CliContext context, CancellationToken cancel)
    {
        var vif = await context.Names.ByUuidAsync("VIF", context.Arguments.Required("uuid"), cancel);
        await LongOperation.RunAsync(context, context.Arguments.Flag("force") ? "VIF.unplug_force" : "VIF.unplug", cancel, vif);
    }

    private static async Task ListDrivesAsync(CliContext context, string type, CancellationToken cancel)
    {
        var fields = new[] { "uuid", "vm-name-label", "userdevice" };
        var view = RecordView.Of(Xapi.Datamodel.Datamodel.Find("VBD")!);
        var disk = RecordView.Of(Xapi.Datamodel.Datamodel.Find("VDI")!);
        foreach (var (vbd, record) in await DrivesAsync(context, type, cancel))
        {
            await context.PrintAsync(await RecordText.BlockAsync([.. fields.Select(view.Find)], record, context.Names, cancel), cancel);
            if (record.Find("VDI") is { } vdi && !ObjectNames.IsNull(vdi))
            {
                var medium = (await context.Session.CallAsync("VDI.get_record", cancel, vdi)).AsStruct();
                string[] shown = ["uuid", "name-label", "virtual-size"];
                await context.PrintAsync(await RecordText.BlockAsync([.. shown.Select(disk.Find)], medium, context.Names, cancel) + "\n", cancel);
            }
        }
    }

    private static async Task EjectAsync(CliContext context, CancellationToken cancel)
    {
        foreach (var (vbd, record) in await DrivesAsync(context, "CD", cancel))
        {
            if (record.Find("empty") is Value.Bool { Content: false })
            {
                await LongOperation.RunAsync(context, "VBD.eject", cancel, vbd);
            }
        }
    }

    private static async Task InsertAsync(CliContext context, CancellationToken cancel)
    {
        var vdi = await context.Names.FindAsync("VDI", context.Arguments.Required("cd-name"), cancel);
        var drives = await DrivesAsync(context, "CD", cancel, "cd-name");
        var free = drives.FirstOrDefault(drive => drive.Record.Find("empty") is Value.Bool { Content: true });
        await LongOperation.RunAsync(context, "VBD.insert", cancel, free.Ref ?? throw new CliUsageError("No empty CD drive found"), vdi);
    }

    private static async Task<List<(Value Ref, Value.Struct Record)>> DrivesAsync(CliContext context, string type, CancellationToken cancel, params string[] used)
    {
        var drives = new List<(Value, Value.Struct)>();
        foreach (var vm in await Selection.ObjectsAsync(context, "VM", "vm", DerivedCommands.IsVm, cancel, used))
        {
            foreach (var vbd in (await context.Session.CallAsync("VM.get_VBDs", cancel, vm)).AsArray())
            {
                var record = (await context.Session.CallAsync("VBD.get_record", cancel, vbd)).AsStruct();
                if (record.Find("type")?.AsString() == type)
                {
                    drives.Add((vbd, record));
                }
            }
        }

        return drives;
    }

    private static async Task PrintNewAsync(CliContext context, string className, Value record, CancellationToken cancel)
    {
        var created = await context.Session.CallAsync(className + ".create", cancel, record);
        await context.PrintAsync((await context.Session.CallAsync(className + ".get_uuid", cancel, created)).AsString(), cancel);
    }
}
