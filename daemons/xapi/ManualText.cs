using Toolstack.Hosting;

namespace Toolstack.Xapi;

/// <summary>What xapi says about itself.</summary>
internal static class ManualText
{
    internal static readonly DaemonDescription Description = new("xapi", "XenAPI server and pool manager of the toolstack", Settings.All)
    {
        Modes =
        [
            ("--hash-password", "Read a password on standard input, print its hash for the password file and exit."),
            ("--export-db DATABASE", "Print the database file as XML, as the original's state.db, and exit. No daemon may be using it."),
            ("--import-db DATABASE", "Make the database file, which must not exist, from such XML on standard input, and exit."),
            ("--bugtool [--output FILE] [--config DIRECTORY]", "Collect what a report of a fault needs, without secrets, into an archive (see xapi-tools(1)) and exit."),
            ("--api-coverage", "Print how many messages each class has, and how many of them are implemented, and exit."),
            ("--describe", "Print every class, field, message and error of the XenAPI as JSON and exit."),
        ],
        Sections =
        [
            new ManualSection(
                "DESCRIPTION",
                "Serves the XenAPI over XML-RPC and JSON-RPC, keeps the database of the pool on its coordinator, and forwards each call to the host where it has to run."),
            new ManualSection(
                "PASSWORDS",
                "Clients on TCP log in with a local account, which PAM checks (service xapi), or, where password-file names one, with a user of that file, "
                + "one line 'name:hash' each; --hash-password makes the hash. Peers on the Unix socket are root and need none."),
            new ManualSection(
                "POOLS",
                "A host begins as the coordinator of a pool of its own. pool.join makes it a member of another, pool.eject ends that; pool.designate_new_master and the "
                + "emergency calls change the coordinator. Each change is one file that the next start carries out, so that a host that dies on the way is one or the other."),
            new ManualSection(
                "CERTIFICATES",
                "A host that serves HTTPS enters the fingerprint of its certificate in the pool's database, and keeps those of the other hosts in pool-certificates-path "
                + "and pool-trusted-certificates, by which xapi and xenopsd verify them where they are told to (pool-verify-certificates, migration-verify-certificates). "
                + "A host that joins trusts whoever answers at the address it is given, unless pool-join-trusts-first-contact is off; from then on only the pool's own. "
                + "Hosts that leave are trusted no more. What else stands in pool-trusted-certificates stays."),
            new ManualSection(
                "LIMITS",
                "Reads of whole classes are worked on one a processor at a time, by threads that give way to all others, and clients take turns at them. Logins, and whatever changes something, wait for no read: one client that "
                + "reads all it can delays them by 250 ms at most on two processors. Requests above 64 KiB share room for twice max-request-bytes, of which one client has "
                + "half, and wait for it up to a minute; so the memory that requests take does not grow with their number, but for 128 KiB a connection, of which there are 2048 "
                + "at most."),
            new ManualSection("FILES")
            {
                Entries =
                [
                    ("/etc/xapi.conf", "Configuration."),
                    ("/etc/pam.d/xapi", "How PAM checks who logs in."),
                    ("/etc/xensource/pool.conf", "The role of the host: 'master', 'slave:ADDRESS', or 'broken' after a change that was cut short."),
                ],
            },
        ],
        SeeAlso = ["message-switch(8)", "xenopsd(8)", "xe(1)", "xapi-tools(1)"],
    };
}
