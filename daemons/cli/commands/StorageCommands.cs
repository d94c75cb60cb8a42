using Toolstack.Idl;

namespace Toolstack.Cli.Commands;

/// <summary>Storage repositories, their connections to hosts, and virtual disks.</summary>
internal static class StorageCommands
{
    internal static IEnumerable<CliCommand> All =>
    [
        new("sr-create", ["name-label", "type"], ["host-uuid", "shared", "content-type", "physical-size", "device-config:<key>", "sm-config:<key>"],
            "Make a storage repository and connect it to its hosts.", CreateAsync),
        MessageCommand.Of("sr-introduce", "SR.introduce", "Make a storage repository known that exists already.",
            "uuid=uuid", "name_label=name-label", "name_description=name-description?", "type=type", "content_type=content-type?", "shared=shared?false", "sm_config=sm-config?"),
        MessageCommand.Of("sr-forget", "SR.forget", "Forget a storage repository; its disks stay.", "sr=uuid"),
        MessageCommand.Of("sr-destroy", "SR.destroy", "Destroy a storage repository and everything on it.", "sr=uuid"),
        MessageCommand.Of("sr-scan", "SR.scan", "Look for disks that came or went.", "sr=uuid"),
        MessageCommand.Of("sr-update", "SR.update", "Refresh the figures of a storage repository.", "sr=uuid"),
        new("sr-probe", ["type"], ["host-uuid", "device-config:<key>", "sm-config:<key>"], "Look for storage repositories at a place.", ProbeAsync),
        new("pbd-create", ["host-uuid", "sr-uuid"], ["device-config:<key>"], "Make a connection between a host and a storage repository.", CreatePbdAsync),
        MessageCommand.Of("pbd-destroy", "PBD.destroy", "Forget a connection of a host.", "self=uuid"),
        MessageCommand.Of("pbd-plug", "PBD.plug", "Connect a host to a storage repository.", "self=uuid"),
        MessageCommand.Of("pbd-unplug", "PBD.unplug", "Disconnect a host from a storage repository.", "self=uuid"),
        new("vdi-create", ["sr-uuid", "name-label", "virtual-size"], ["type", "sharable", "read-only", "other-config:<key>", "sm-config:<key>"],
            "Make a virtual disk.", CreateVdiAsync),
        MessageCommand.Of("vdi-destroy", "VDI.destroy", "Destroy a virtual disk.", "self=uuid"),
        MessageCommand.Of("vdi-forget", "VDI.forget", "Forget a virtual disk; its data stay.", "vdi=uuid"),
        MessageCommand.Of("vdi-clone", "VDI.clone", "Clone a virtual disk.", "vdi=uuid", "driver_params=driver-params?"),
        MessageCommand.Of("vdi-snapshot", "VDI.snapshot", "Take a snapshot of a virtual disk.", "vdi=uuid", "driver_params=driver-params?"),
        MessageCommand.Of("vdi-copy", "VDI.copy", "Copy a virtual disk to a storage repository.", "vdi=uuid", "sr=sr-uuid?", "base_vdi=base-vdi-uuid?", "into_vdi=into-vdi-uuid?"),
        MessageCommand.Of("vdi-resize", "VDI.resize", "Change the size of a virtual disk.", "vdi=uuid", "size=disk-size"),
        MessageCommand.Of("vdi-update", "VDI.update", "Refresh the figures of a virtual disk.", "vdi=uuid"),
        MessageCommand.Of("vdi-pool-migrate", "VDI.pool_migrate", "Move a virtual disk that is in use.", "vdi=uuid", "sr=sr-uuid", "options=options?"),
    ];

    private static async Task CreateAsync(CliContext context, CancellationToken cancel)
    {
        var arguments = context.Arguments;
        var create = MessageCommand.Find("SR.create");
        await MessageCommand.CallAsync(context, create, cancel,
        [
            await HostAsync(context, cancel), Typed.Map(arguments.Map("device-config")), new Value.Text(Typed.Integer("physical-size", arguments.Optional("physical-size", "0"))),
            new Value.Text(arguments.Required("name-label")), new Value.Text(arguments.Optional("name-description")), new Value.Text(arguments.Required("type")),
            new Value.Text(arguments.Optional("content-type")), new Value.Bool(arguments.Flag("shared")), Typed.Map(arguments.Map("sm-config")),
        ]);
    }

    private static async Task ProbeAsync(CliContext context, CancellationToken cancel)
    {
        var arguments = context.Arguments;
        await MessageCommand.CallAsync(context, MessageCommand.Find("SR.probe"), cancel,
        [
            await HostAsync(context, cancel), Typed.Map(arguments.Map("device-config")), new Value.Text(arguments.Required("type")), Typed.Map(arguments.Map("sm-config")),
        ]);
    }

    private static async Task CreatePbdAsync(CliContext context, CancellationToken cancel) => await PrintNewAsync(context, "PBD", new Value.Struct(
    [
        new("host", await context.Names.FindAsync("host", context.Arguments.Required("host-uuid"), cancel)),
        new("SR", await context.Names.FindAsync("SR", context.Arguments.Required("sr-uuid"), cancel)),
        new("device_config", Typed.Map(context.Arguments.Map("device-config"))),
        new("other_config", new Value.Struct([])),
    ]), cancel);

    private static async Task CreateVdiAsync(CliContext context, CancellationToken cancel)
    {
        var arguments = context.Arguments;
        await PrintNewAsync(context, "VDI", new Value.Struct(
        [
            new("name_label", new Value.Text(arguments.Required("name-label"))),
            new("name_description", new Value.Text(arguments.Optional("name-description"))),
            new("SR", await context.Names.FindAsync("SR", arguments.Required("sr-uuid"), cancel)),
            new("virtual_size", new Value.Text(Typed.Integer("virtual-size", arguments.Required("virtual-size")))),
            new("type", new Value.Text(arguments.Optional("type", "user"))),
            new("sharable", new Value.Bool(arguments.Flag("sharable"))),
            new("read_only", new Value.Bool(arguments.Flag("read-only"))),
            new("other_config", Typed.Map(arguments.Map("other-config"))),
            new("xenstore_data", Typed.Map(arguments.Map("xenstore-data"))),
            new("sm_config", Typed.Map(arguments.Map("sm-config"))),
            new("tags", new Value.Array([])),
        ]), cancel);
    }

    /// <summary>The named host, or the coordinator.</summary>
    private static async Task<Value> HostAsync(CliContext context, CancellationToken cancel)
    {
        if (context.Arguments.Find("host-uuid") is { } uuid)
        {
            return await context.Names.FindAsync("host", uuid, cancel);
        }

        var pool = (await context.Session.CallAsync("pool.get_all", cancel)).AsArray()[0];
        return await context.Session.CallAsync("pool.get_master", cancel, pool);
    }

    private static async Task PrintNewAsync(CliContext context, string className, Value record, CancellationToken cancel) =>
        await MessageCommand.CallAsync(context, MessageCommand.Find(className + ".create"), cancel, [record]);
}
