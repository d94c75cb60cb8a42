namespace Toolstack.Cli;

/// <summary>What xe says of itself besides its commands: one source for <c>xe help</c> and for its manual page.</summary>
public static class CliManual
{
    internal static readonly (string Term, string Meaning)[] Options =
    [
        ("-s SERVER", "The server: a name, an address, or the path of a Unix socket (default: this host's, /var/lib/xcp/xapi)."),
        ("-p PORT", "The server's port (default: 443, or 80 with --nossl)."),
        ("-u USER", "Who logs in. On the Unix socket root is believed without a password."),
        ("-pw PASSWORD", "His password. Other users of this machine can see it: rather use -pwf."),
        ("-pwf FILE", "A file with the user's name on its first line and the password on its second."),
        ("--nossl", "Plain HTTP."),
        ("--verify", "Refuse a server whose certificate no authority this system trusts has signed."),
        ("--progress, --no-progress", "Show the progress of long operations (default: when the error output is a terminal)."),
        ("--minimal", "Print values only, joined by commas."),
        ("--version", "Print the version and exit."),
        ("--help", "Print an overview and exit; --help=man prints the manual page."),
    ];

    private static readonly string[] Synopsis =
    [
        "xe COMMAND [name=value ...] [--flag ...] [-s SERVER] [-p PORT] [-u USER] [-pw PASSWORD] [-pwf FILE]",
        "xe help [COMMAND | --all]",
    ];

    /// <summary>The manual page xe(1).</summary>
    public static string Page(string version)
    {
        var page = new RoffPage("xe", 1, "the XenAPI from a shell", version, Synopsis);
        page.Section(
            "DESCRIPTION",
            [
                "Runs one command against a host of a pool. Where the host is not the coordinator and was asked over its Unix socket, the coordinator is asked.",
                "A command takes parameters by name. Where it is about objects, uuid=UUID or a name (vm=NAME) says which; commands that may be about "
                + "several take any field as a selector (power-state=running, other-config:colour=red), and --multiple where more than one may match.",
                "Ctrl-C cancels the task of a long operation; a second one ends xe at once.",
            ],
            []);
        page.Section("OPTIONS", [], Options);
        var derived = DerivedCommands.All.Select(static command => command.Name).ToHashSet(StringComparer.Ordinal);
        page.Section("COMMANDS", [], CommandTable.All.Where(command => !derived.Contains(command.Name)).Select(static command => (Usage(command), command.Help)));
        page.Section(
            "COMMANDS OF EVERY CLASS",
            ["With CLASS one of: " + string.Join(", ", DerivedCommands.Kinds.Select(static kind => kind.Word).Order(StringComparer.Ordinal)) + "."],
            [
                ("CLASS-list [params=FIELD,...] [FIELD=VALUE ...] [--minimal]", "The objects whose fields have those values; params=all shows every field."),
                ("CLASS-param-list uuid=UUID", "All fields of one object, with (RO) read-only, (RW) writable, (SRO), (SRW) sets, (MRO), (MRW) maps."),
                ("CLASS-param-get uuid=UUID param-name=FIELD [param-key=KEY]", "One field, or one entry of a map."),
                ("CLASS-param-set uuid=UUID FIELD=VALUE [MAP:KEY=VALUE] ...", "Writes fields."),
                ("CLASS-param-add uuid=UUID param-name=FIELD [param-key=MEMBER] [KEY=VALUE]", "Adds to a set or a map."),
                ("CLASS-param-remove uuid=UUID param-name=FIELD param-key=KEY", "Takes an entry away; one that is not there is no error."),
                ("CLASS-param-clear uuid=UUID param-name=FIELD", "Empties a field."),
            ]);
        page.Section(
            "FILES", [],
            [
                ("~/.xe", "Defaults, one a line: server=, port=, username=, password=."),
                ("/var/lib/xcp/xapi", "The Unix socket of this host."),
            ]);
        page.Section("ENVIRONMENT", [], [("XE_EXTRA_ARGS", "Options before those of the command line, separated by commas.")]);
        page.Section("EXIT STATUS", [], [("0", "Done."), ("1", "Failed: the error output says why.")]);
        page.Section("SEE ALSO", ["xapi(8)"], []);
        return page.ToString();
    }

    private static string Usage(CliCommand command) => string.Join(
        ' ', command.Required.Select(static one => one + "=").Concat(command.Optional.Select(static one => $"[{one}]")).Prepend(command.Name));
}
