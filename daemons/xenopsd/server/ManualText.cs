using Toolstack.Hosting;

namespace Toolstack.Xenopsd.Server;

/// <summary>What xenopsd says about itself.</summary>
internal static class ManualText
{
    internal static readonly DaemonDescription Description = new(
        "xenopsd", "runs the virtual machines of one host: life cycle, devices, migration", Settings.All)
    {
        Sections =
        [
            new ManualSection(
                "DESCRIPTION",
                "Starts, stops, suspends and migrates the domains of one host. It takes its orders from xapi(8) over the message switch, splits each into "
                + "steps that can be undone, and runs them in order for each VM. Where there is no Xen it drives a simulated host whose "
                + "guests have real memory, so that everything above the hypervisor can be tried anywhere."),
            new ManualSection(
                "MIGRATION",
                "A running or paused VM moves to another host, or to a new domain of the same one, while its guest runs: memory is sent in passes over what the guest "
                + "wrote since the last one, until the rest would take less than the downtime target, or the passes are used up. "
                + "Then the guest is suspended, the rest is sent, and it goes on at the destination. The options of VM.pool_migrate set these bounds for one migration: "
                + "downtime-ms, max-iterations, bandwidth-mib, and no-convergence, which is force (suspend all the same) or give-up (the VM stays). "
                + "compress=true sends the memory compressed with zstd (the system's libzstd).",
                "Connections to other hosts are encrypted where xapi says so (its keys migration-https-only and https-port). TLS ends at the destination's xapi, which hands the "
                + "decrypted bytes to its xenopsd over a local socket; a migration that is encrypted therefore fails, and the VM stays, when that xapi ends. The certificate that xapi shows is verified when the pool has TLS verification enabled, or "
                + "migration-verify-certificates is set: it must be in migration-trusted-certificates, or be signed by one that is. Otherwise the migration fails before anything of the VM is sent.",
                "Until the source sends its last message the VM belongs to it, and whatever fails leaves it running there. When that message has arrived, the VM belongs to the "
                + "destination, which writes it down. A source that does not learn whether it arrived asks the destination, also after a restart. While it gets no answer the "
                + "VM is in doubt: the source's copy is kept suspended and shown as paused, for resuming it could let the VM run twice and destroying it could lose it. "
                + "A forced shutdown of the VM on the source ends that copy. What the destination has, if anything, is not touched by it."),
            new ManualSection("FILES")
            {
                Entries =
                [
                    ("/etc/xenopsd.conf", "Configuration."),
                    ("/var/run/nonpersistent/xenopsd", "Records of the VMs it owns; they let it find its domains again after a restart."),
                ],
            },
        ],
        SeeAlso = ["message-switch(8)", "xapi(8)"],
    };
}
