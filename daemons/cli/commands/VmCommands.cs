using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Cli.Commands;

/// <summary>The life of VMs, templates and snapshots.</summary>
internal static class VmCommands
{
    private static readonly Value No = new Value.Bool(false);

    internal static IEnumerable<CliCommand> All =>
    [
        new("vm-start", [], ["vm", "on", "paused", "force"], "Start VMs, on a host if one is named.", StartAsync),
        new("vm-shutdown", [], ["vm", "force"], "Ask the guest to shut down; with force, end the VM.",
            (context, cancel) => ForceAsync(context, "VM.clean_shutdown", "VM.hard_shutdown", cancel)),
        new("vm-reboot", [], ["vm", "force"], "Ask the guest to reboot; with force, restart the VM.",
            (context, cancel) => ForceAsync(context, "VM.clean_reboot", "VM.hard_reboot", cancel)),
        new("vm-resume", [], ["vm", "on", "force"], "Resume suspended VMs, on a host if one is named.", ResumeAsync),
        new("vm-migrate", [], ["vm", "host", "host-uuid", "live", "force", "copy", "compress"], "Move running VMs to another host of the pool.", MigrateAsync),
        new("vm-clone", ["new-name-label"], ["vm", "new-name-description"], "Clone a halted VM, sharing its disks where the storage can.",
            (context, cancel) => CopyAsync(context, "vm", "VM.clone", static _ => [], cancel)),
        new("vm-copy", ["new-name-label"], ["vm", "new-name-description", "sr-uuid"], "Copy a VM with its disks.", (context, cancel) => CopyToAsync(context, "vm", cancel)),
        new("vm-snapshot", ["new-name-label"], ["vm"], "Take a snapshot of a VM.",
            (context, cancel) => CopyAsync(context, "vm", "VM.snapshot", static message => message.Parameters.Length > 2 ? [new Value.Array([])] : [], cancel)),
        new("vm-checkpoint", ["new-name-label"], ["vm"], "Take a snapshot of a VM with its memory.",
            (context, cancel) => CopyAsync(context, "vm", "VM.checkpoint", static _ => [], cancel)),
        new("vm-install", ["template", "new-name-label"], ["sr-uuid"], "Make a VM from a template.", InstallAsync),
        new("vm-uninstall", [], ["vm", "force"], "Destroy VMs and the disks they own.", (context, cancel) => UninstallAsync(context, "vm", DerivedCommands.IsVm, cancel)),
        new("snapshot-uninstall", [], ["uuid", "snapshot-uuid", "force"], "Destroy a snapshot and its disks.",
            (context, cancel) => UninstallAsync(context, "snapshot", IsSnapshot, cancel)),
        new("snapshot-clone", ["new-name-label"], ["uuid", "snapshot-uuid", "new-name-description"], "Clone a snapshot, sharing its disks where the storage can.",
            (context, cancel) => CopyAsync(context, "snapshot", "VM.clone", static _ => [], cancel)),
        new("snapshot-copy", ["new-name-label"], ["uuid", "snapshot-uuid", "new-name-description", "sr-uuid"], "Copy a snapshot with its disks.",
            (context, cancel) => CopyToAsync(context, "snapshot", cancel)),
        MessageCommand.OnEach("vm-pause", "vm", "VM.pause", "Pause running VMs.", belongs: DerivedCommands.IsVm),
        MessageCommand.OnEach("vm-unpause", "vm", "VM.unpause", "Let paused VMs go on.", belongs: DerivedCommands.IsVm),
        MessageCommand.OnEach("vm-suspend", "vm", "VM.suspend", "Write VMs' memory to disk and stop them.", belongs: DerivedCommands.IsVm),
        MessageCommand.OnEach("vm-destroy", "vm", "VM.destroy", "Forget halted VMs; their disks stay."),
        MessageCommand.OnEach("vm-reset-powerstate", "vm", "VM.power_state_reset", "Record VMs as halted without touching them.", options: "force"),
        MessageCommand.OnEach("snapshot-destroy", "snapshot", "VM.destroy", "Destroy a snapshot; its disks stay.", belongs: IsSnapshot, options: ["uuid", "snapshot-uuid"]),
        MessageCommand.OnEach("snapshot-revert", "snapshot", "VM.revert", "Put a VM back to a snapshot.", belongs: IsSnapshot, options: ["uuid", "snapshot-uuid"]),
        MessageCommand.Of("template-uninstall", "VM.destroy", "Destroy a template.", "self=template-uuid"),
        MessageCommand.OnEach("vm-vcpu-hotplug", "vm", "VM.set_VCPUs_number_live", "Change the number of vCPUs of running VMs.",
            static arguments => [new Value.Text(Typed.Integer("new-vcpus", arguments.Required("new-vcpus")))], DerivedCommands.IsVm, "new-vcpus"),
        MessageCommand.OnEach("vm-memory-limits-set", "vm", "VM.set_memory_limits", "Set every bound of VMs' memory.", Bytes("static-min", "static-max", "dynamic-min", "dynamic-max"),
            DerivedCommands.IsVm, "static-min", "static-max", "dynamic-min", "dynamic-max"),
        MessageCommand.OnEach("vm-memory-dynamic-range-set", "vm", "VM.set_memory_dynamic_range", "Set between what the memory of VMs may balloon.",
            Bytes("min", "max"), DerivedCommands.IsVm, "min", "max"),
        MessageCommand.OnEach("vm-memory-static-range-set", "vm", "VM.set_memory_static_range", "Set the least and the most memory VMs can have.",
            Bytes("min", "max"), DerivedCommands.IsVm, "min", "max"),
        MessageCommand.OnEach("vm-memory-set", "vm", "VM.set_memory", "Give halted VMs a fixed amount of memory.", Bytes("memory"), DerivedCommands.IsVm, "memory"),
        MessageCommand.OnEach("vm-call-plugin", "vm", "VM.call_plugin", "Call a plugin for a VM.",
            static arguments => [new Value.Text(arguments.Required("plugin")), new Value.Text(arguments.Required("fn")), Typed.Map(arguments.Map("args"))],
            DerivedCommands.IsVm, "plugin", "fn"),
    ];

    private static bool IsSnapshot(Value.Struct record) => record.Find("is_a_snapshot") is Value.Bool { Content: true };

    private static Func<CliArguments, ImmutableArray<Value>> Bytes(params string[] words) =>
        arguments => [.. words.Select(word => new Value.Text(Typed.Integer(word, arguments.Required(word))))];

    private static Task<ImmutableArray<Value>> VmsAsync(CliContext context, CancellationToken cancel, params string[] used) =>
        Selection.ObjectsAsync(context, "VM", "vm", DerivedCommands.IsVm, cancel, ["vm", .. used]);

    private static async Task ForceAsync(CliContext context, string clean, string hard, CancellationToken cancel)
    {
        foreach (var vm in await VmsAsync(context, cancel))
        {
            await LongOperation.RunAsync(context, context.Arguments.Flag("force") ? hard : clean, cancel, vm);
        }
    }

    private static async Task StartAsync(CliContext context, CancellationToken cancel)
    {
        ImmutableArray<Value> rest = [new Value.Bool(context.Arguments.Flag("paused")), new Value.Bool(context.Arguments.Flag("force"))];
        var host = await HostAsync(context, "on", cancel);
        foreach (var vm in await VmsAsync(context, cancel, "on", "paused"))
        {
            await LongOperation.RunAsync(
                context, host is null ? "VM.start" : "VM.start_on", cancel, host is null ? [vm, .. rest] : [vm, host, .. rest]);
        }
    }

    private static async Task ResumeAsync(CliContext context, CancellationToken cancel)
    {
        var host = await HostAsync(context, "on", cancel);
        Value force = new Value.Bool(context.Arguments.Flag("force"));
        foreach (var vm in await VmsAsync(context, cancel, "on"))
        {
            await LongOperation.RunAsync(
                context, host is null ? "VM.resume" : "VM.resume_on", cancel, host is null ? [vm, No, force] : [vm, host, No, force]);
        }
    }

    private static async Task MigrateAsync(CliContext context, CancellationToken cancel)
    {
        var host = await HostAsync(context, "host", cancel) ?? await HostAsync(context, "host-uuid", cancel)
            ?? throw new CliUsageError("Required parameter not found: host");
        string[] words = ["live", "force", "copy", "compress"];
        var options = Typed.Map(words.Where(word => context.Arguments.Find(word) is not null)
            .Select(word => new KeyValuePair<string, string>(word, context.Arguments.Flag(word) ? "true" : "false")));
        foreach (var vm in await VmsAsync(context, cancel, ["host", "host-uuid", .. words]))
        {
            await LongOperation.RunAsync(context, "VM.pool_migrate", cancel, vm, host, options);
        }
    }

    private static async Task CopyAsync(
        CliContext context, string word, string method, Func<MessageShape, ImmutableArray<Value>> rest, CancellationToken cancel)
    {
        var message = MessageCommand.Find(method);
        Value name = new Value.Text(context.Arguments.Required("new-name-label"));
        foreach (var vm in await Selection.ObjectsAsync(
            context, "VM", word, word == "snapshot" ? IsSnapshot : static _ => true, cancel, "new-name-label", "new-name-description", "sr-uuid"))
        {
            await MessageCommand.CallAsync(context, message, cancel, [vm, name, .. rest(message)]);
        }
    }

    private static async Task CopyToAsync(CliContext context, string word, CancellationToken cancel)
    {
        var sr = await context.Names.FindAsync("SR", context.Arguments.Optional("sr-uuid"), cancel);
        await CopyAsync(context, word, "VM.copy", _ => [sr], cancel);
    }

    private static async Task InstallAsync(CliContext context, CancellationToken cancel)
    {
        var template = await context.Names.FindAsync("VM", context.Arguments.Required("template"), cancel);
        Value name = new Value.Text(context.Arguments.Required("new-name-label"));
        var clone = context.Arguments.Find("sr-uuid") is { } sr
            ? await context.Session.CallAsync("VM.copy", cancel, template, name, await context.Names.FindAsync("SR", sr, cancel))
            : await context.Session.CallAsync("VM.clone", cancel, template, name);
        await context.Session.CallAsync("VM.provision", cancel, clone);
        await context.PrintAsync((await context.Session.CallAsync("VM.get_uuid", cancel, clone)).AsString(), cancel);
    }

    /// <summary>Disks that are not shared with another VM go with the VM.</summary>
    private static async Task UninstallAsync(CliContext context, string word, Func<Value.Struct, bool> belongs, CancellationToken cancel)
    {
        foreach (var vm in await Selection.ObjectsAsync(context, "VM", word, belongs, cancel))
        {
            if ((await context.Session.CallAsync("VM.get_power_state", cancel, vm)).AsString() is not "Halted")
            {
                await LongOperation.RunAsync(context, "VM.hard_shutdown", cancel, vm);
            }

            var disks = await DisksAsync(context, vm, cancel);
            await context.Session.CallAsync("VM.destroy", cancel, vm);
            foreach (var disk in disks)
            {
                await context.Session.CallAsync("VDI.destroy", cancel, disk);
            }
        }
    }

    private static async Task<List<Value>> DisksAsync(CliContext context, Value vm, CancellationToken cancel)
    {
        var disks = new List<Value>();
        foreach (var vbd in (await context.Session.CallAsync("VM.get_VBDs", cancel, vm)).AsArray())
        {
            var record = (await context.Session.CallAsync("VBD.get_record", cancel, vbd)).AsStruct();
            if (record.Find("type")?.AsString() == "Disk" && record.Find("VDI") is { } vdi && !ObjectNames.IsNull(vdi)
                && (await context.Session.CallAsync("VDI.get_VBDs", cancel, vdi)).AsArray().Length == 1)
            {
                disks.Add(vdi);
            }
        }

        return disks;
    }

    private static async Task<Value?> HostAsync(CliContext context, string word, CancellationToken cancel) =>
        context.Arguments.Find(word) is { } name ? await context.Names.FindAsync("host", name, cancel) : null;
}
