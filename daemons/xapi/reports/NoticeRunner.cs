using System.Collections.Frozen;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Forwarding;

namespace Toolstack.Xapi.Reports;

/// <summary>
/// Runs messages as the runner beneath it does and, on the coordinator, leaves a notice of what became of a VM: the history that clients
/// show beside it. A notice that cannot be kept is logged and fails nothing. Names and the priority are XenAPI's.
/// </summary>
internal sealed class NoticeRunner(IMessageRunner inner, XapiDatabase database, NoticeStore store, ILogger logger) : IMessageRunner
{
    private const long Priority = 5;

    /// <summary>The notice of each message of class VM that leaves one, and its words, given the host that the VM is on afterwards, the one before, and the
    /// name of the snapshot or the copy.</summary>
    private static readonly FrozenDictionary<string, Told> Kinds = new Dictionary<string, Told>(StringComparer.Ordinal)
    {
        ["start"] = new("VM_STARTED", static (to, _, _) => $"started on {to}"),
        ["start_on"] = new("VM_STARTED", static (to, _, _) => $"started on {to}"),
        ["pause"] = new("VM_PAUSED", static (_, _, _) => "paused"),
        ["unpause"] = new("VM_UNPAUSED", static (_, _, _) => "unpaused"),
        ["clean_shutdown"] = new("VM_SHUTDOWN", static (_, _, _) => "shut down"),
        ["shutdown"] = new("VM_SHUTDOWN", static (_, _, _) => "shut down"),
        ["hard_shutdown"] = new("VM_SHUTDOWN", static (_, _, _) => "shut down by force"),
        ["clean_reboot"] = new("VM_REBOOTED", static (_, _, _) => "rebooted"),
        ["hard_reboot"] = new("VM_REBOOTED", static (_, _, _) => "rebooted by force"),
        ["suspend"] = new("VM_SUSPENDED", static (_, _, _) => "suspended"),
        ["resume"] = new("VM_RESUMED", static (to, _, _) => $"resumed on {to}"),
        ["resume_on"] = new("VM_RESUMED", static (to, _, _) => $"resumed on {to}"),
        ["pool_migrate"] = new("VM_MIGRATED", static (to, from, _) => $"migrated from {from} to {to}"),
        ["clone"] = new("VM_CLONED", static (_, _, name) => $"cloned as '{name}'"),
        ["snapshot"] = new("VM_SNAPSHOTTED", static (_, _, name) => $"snapshotted as '{name}'"),
        ["checkpoint"] = new("VM_CHECKPOINTED", static (_, _, name) => $"checkpointed as '{name}'"),
        ["revert"] = new("VM_SNAPSHOT_REVERTED", static (_, _, name) => $"reverted to snapshot '{name}'"),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    public async ValueTask<MessageResult> RunAsync(CallContext call, XenMessage message, ImmutableArray<Value> arguments, object implementation)
    {
        if (call.IsForwarded || message.Class != VM.Info.Name || !Kinds.TryGetValue(message.Name, out Told? told))
        {
            return await inner.RunAsync(call, message, arguments, implementation).ConfigureAwait(false);
        }

        VM? before = await FindAsync(arguments[0]).ConfigureAwait(false);
        MessageResult result = await inner.RunAsync(call, message, arguments, implementation).ConfigureAwait(false);
        try
        {
            await TellAsync(told, before, arguments).ConfigureAwait(false);
        }
        catch (XenApiError error)
        {
            Log.NoticeNotKept(logger, told.Name, before?.uuid ?? "", error.Message);
        }

        return result;
    }

    private async ValueTask TellAsync(Told told, VM? before, ImmutableArray<Value> arguments)
    {
        VM? row = await FindAsync(arguments[0]).ConfigureAwait(false);
        if (row is null || before is null)
        {
            return;
        }

        string given = arguments.Length > 1 && arguments[1] is Value.Text text ? text.Content : "";
        if (row.is_a_snapshot && await database.Find(row.snapshot_of).ConfigureAwait(false) is { } original)
        {
            given = row.name_label;
            row = original;
        }

        string to = await HostAsync(row.resident_on).ConfigureAwait(false);
        string from = await HostAsync(before.resident_on).ConfigureAwait(false);
        string body = $"VM '{row.name_label}' (uuid: {row.uuid}) {told.Words(to, from, given)}";
        store.Add(told.Name, Priority, cls.VM, row.uuid, body, durable: false);
    }

    private async ValueTask<string> HostAsync(Ref<host> self) =>
        await database.Find(self).ConfigureAwait(false) is { } row ? $"host '{row.name_label}' (uuid: {row.uuid})" : "no host";

    private ValueTask<VM?> FindAsync(Value argument) => database.Find(new Ref<VM>(argument.AsString()));

    private sealed record Told(string Name, Func<string, string, string, string> Words);
}
