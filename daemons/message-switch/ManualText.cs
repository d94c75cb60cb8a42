using Toolstack.Hosting;

namespace Toolstack.MessageSwitch;

/// <summary>What message-switch says about itself.</summary>
internal static class ManualText
{
    internal static readonly DaemonDescription Description = new(
        "message-switch", "carries requests and replies between the daemons of the toolstack", Settings.Keys)
    {
        Sections =
        [
            new ManualSection(
                "DESCRIPTION",
                "One process on every host. Daemons connect to its Unix socket, call each other through named queues, and are answered even when "
                + "the callee died and came back: what was not acknowledged is delivered again. Everything is in memory, and persistent queues "
                + "also in the directory that statedir names."),
            new ManualSection("FILES")
            {
                Entries =
                [
                    ("/etc/message-switch.conf", "Configuration."),
                    ("/var/run/message-switch/sock", "The socket."),
                    ("/var/lib/message-switch", "Writable for the service: statedir may name it."),
                ],
            },
        ],
        SeeAlso = ["switch-cli(8)", "xenopsd(8)", "xapi(8)"],
    };
}
