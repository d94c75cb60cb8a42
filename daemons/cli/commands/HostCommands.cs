using Toolstack.Idl;

namespace Toolstack.Cli.Commands;

/// <summary>Hosts and the pool they form.</summary>
internal static class HostCommands
{
    private static readonly string[] JoinWords = ["master-address", "master-username", "master-password"];

    internal static IEnumerable<CliCommand> All =>
    [
        MessageCommand.OnEach("host-disable", "host", "host.disable", "Let no new VMs start on hosts."),
        MessageCommand.OnEach("host-enable", "host", "host.enable", "Let VMs start on hosts again."),
        MessageCommand.Of("host-evacuate", "host.evacuate", "Move every VM away from a host.", "host=uuid", "network=network-uuid?", "evacuate_batch_size=batch-size?0"),
        MessageCommand.Of("host-reboot", "host.reboot", "Restart a disabled host.", "host=uuid"),
        MessageCommand.Of("host-shutdown", "host.shutdown", "Switch a disabled host off.", "host=uuid"),
        MessageCommand.Of("host-power-on", "host.power_on", "Switch a host on.", "host=uuid"),
        MessageCommand.Of("host-dmesg", "host.dmesg", "Show the hypervisor's console of a host.", "host=uuid"),
        MessageCommand.Of("host-call-plugin", "host.call_plugin", "Call a plugin on a host.", "host=host-uuid", "plugin=plugin", "fn=fn", "args=args?"),
        MessageCommand.Of("host-forget", "host.destroy", "Forget a host that will not come back.", "self=uuid"),
        MessageCommand.Of("host-get-server-localtime", "host.get_servertime", "Show a host's time.", "host=host-uuid"),
        MessageCommand.Of("host-send-debug-keys", "host.send_debug_keys", "Send debug keys to the hypervisor of a host.", "host=host-uuid", "keys=keys"),
        MessageCommand.Of("host-get-server-certificate", "host.get_server_certificate", "Show the certificate of a host, without its key.", "host=uuid"),
        MessageCommand.Of("host-set-hostname-live", "host.set_hostname_live", "Change a host's name on the network.", "host=host-uuid", "hostname=host-name"),
        MessageCommand.Of("host-restart-agent", "host.restart_agent", "Restart the toolstack of a host.", "host=uuid"),
        MessageCommand.Of("host-get-vms-which-prevent-evacuation", "host.get_vms_which_prevent_evacuation",
            "Show which VMs cannot leave a host, and why.", "self=uuid"),
        MessageCommand.Of("pool-designate-new-master", "pool.designate_new_master", "Make another host the coordinator.", "host=host-uuid"),
        new("pool-join", [.. JoinWords], ["force"], "Join this host to a pool; with --force although its CPUs differ.",
            JoinAsync),
        MessageCommand.Of("pool-eject", "pool.eject", "Take a host out of its pool.", "host=host-uuid"),
        MessageCommand.OfOneHost("pool-emergency-transition-to-master", "pool.emergency_transition_to_master", "Make this host the coordinator of a pool that lost its own."),
        MessageCommand.OfOneHost("pool-emergency-reset-master", "pool.emergency_reset_master", "Tell this host who the coordinator is.", "master_address=master-address"),
        MessageCommand.Of("pool-recover-slaves", "pool.recover_slaves", "Tell every member who the coordinator is."),
        MessageCommand.Of("pool-sync-database", "pool.sync_database", "Send the database to every member."),
        MessageCommand.Of("pool-ha-disable", "pool.disable_ha", "Switch high availability off."),
        new("pool-dump-database", ["file-name"], [], "Write the database of the pool to a file.", (context, cancel) =>
            context.Terminal.DownloadAsync(context.Session.HandlerUrl("/pool/xmldbdump"), context.Arguments.Required("file-name"), cancel)),
        new("pool-restore-database", ["file-name"], ["dry-run"], "Put the database of the pool back from a file.", (context, cancel) =>
            context.Terminal.UploadAsync(
                context.Session.HandlerUrl("/pool/xmldbdump?dry_run=" + (context.Arguments.Flag("dry-run") ? "true" : "false")),
                context.Arguments.Required("file-name"), cancel)),
    ];

    private static Task JoinAsync(CliContext context, CancellationToken cancel) => MessageCommand.CallAsync(
        context, MessageCommand.Find(context.Arguments.Flag("force") ? "pool.join_force" : "pool.join"), cancel,
        [.. JoinWords.Select(word => new Value.Text(context.Arguments.Required(word)))]);
}
