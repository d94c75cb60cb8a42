using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xe;

/// <summary>A command that is not derived: its name, its parameters for the help, and what it does.</summary>
internal sealed record LifeCycleCommand(
    string Name, string Usage, Command Run);

/// <summary>The commands that act on VMs and tasks.</summary>
internal static class LifeCycle
{
    internal static readonly ImmutableArray<LifeCycleCommand> All =
    [
        new("vm-clone", "vm= new-name-label=", CloneAsync),
        new("vm-destroy", "vm=", OnEachVm("VM.destroy")),
        new("vm-migrate", "vm= host= [live=true]", MigrateAsync),
        new("vm-pause", "vm=", OnEachVm("VM.pause")),
        new("vm-shutdown", "vm= [force=true]", ShutdownAsync),
        new("vm-start", "vm= [paused=true] [force=true]", StartAsync),
        new("vm-unpause", "vm=", OnEachVm("VM.unpause")),
        new("task-cancel", "uuid=", CancelTaskAsync),
    ];

    internal static LifeCycleCommand? Find(string name) => All.FirstOrDefault(command => command.Name == name);

    private static Command OnEachVm(string method, params ImmutableArray<Value> rest) =>
        async (xapi, arguments, _, cancel) =>
        {
            foreach (var vm in await SelectVmsAsync(xapi, arguments, cancel))
            {
                await xapi.CallAsync(method, cancel, [vm, .. rest]);
            }
        };

    private static Task StartAsync(Connection xapi, XeArguments arguments, TextWriter output, CancellationToken cancel) =>
        OnEachVm("VM.start", new Value.Bool(arguments.Flag("paused")), new Value.Bool(arguments.Flag("force")))(xapi, arguments, output, cancel);

    private static Task ShutdownAsync(Connection xapi, XeArguments arguments, TextWriter output, CancellationToken cancel) =>
        OnEachVm(arguments.Flag("force") ? "VM.hard_shutdown" : "VM.clean_shutdown")(xapi, arguments, output, cancel);

    private static async Task MigrateAsync(Connection xapi, XeArguments arguments, TextWriter output, CancellationToken cancel)
    {
        var host = await FindAsync(xapi, "host", arguments.Required("host"), cancel);
        var options = new Value.Struct([new("live", Connection.Text(arguments.Optional("live", "true")))]);
        await OnEachVm("VM.pool_migrate", host[0], options)(xapi, arguments, output, cancel);
    }

    private static async Task CloneAsync(Connection xapi, XeArguments arguments, TextWriter output, CancellationToken cancel)
    {
        var name = Connection.Text(arguments.Required("new-name-label"));
        foreach (var vm in await SelectVmsAsync(xapi, arguments, cancel))
        {
            var clone = await xapi.CallAsync("VM.clone", cancel, vm, name);
            await output.WriteLineAsync((await xapi.CallAsync("VM.get_uuid", cancel, clone)).AsString());
        }
    }

    private static async Task CancelTaskAsync(Connection xapi, XeArguments arguments, TextWriter output, CancellationToken cancel) =>
        await xapi.CallAsync("task.cancel", cancel, await Records.ByUuidAsync(xapi, "task", arguments.Required("uuid"), cancel));

    /// <summary>The VMs that vm= or uuid= names; more than one only with --multiple.</summary>
    private static async Task<ImmutableArray<Value>> SelectVmsAsync(Connection xapi, XeArguments arguments, CancellationToken cancel)
    {
        var wanted = arguments.Optional("vm", arguments.Optional("uuid"));
        if (wanted.Length == 0)
        {
            throw new UsageException(arguments.Command + " needs vm=");
        }

        var found = await FindAsync(xapi, "VM", wanted, cancel);
        return found.Length == 1 || arguments.Multiple
            ? found
            : throw new UsageException($"{found.Length} VMs are called {wanted}: say --multiple, or give a uuid");
    }

    /// <summary>Objects by uuid or name; at least one.</summary>
    private static async Task<ImmutableArray<Value>> FindAsync(Connection xapi, string className, string wanted, CancellationToken cancel)
    {
        if (Guid.TryParse(wanted, out _))
        {
            return [await Records.ByUuidAsync(xapi, className, wanted, cancel)];
        }

        var named = (await xapi.CallAsync(className + ".get_by_name_label", cancel, Connection.Text(wanted))).AsArray();
        return named.Length > 0 ? named : throw new UsageException($"no {className} is called {wanted}");
    }
}
