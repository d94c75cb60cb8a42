using Toolstack.Hosting;
using Toolstack.Xapi;

return args switch
{
    ["--hash-password"] => await CommandModes.HashPasswordAsync(Console.In, Console.Out),
    ["--describe"] => CommandModes.Describe(Console.OpenStandardOutput()),
    _ => await Daemon.RunAsync(
        args,
        new DaemonDescription("xapi", "XenAPI server and pool manager of the toolstack", Settings.All)
        {
            Modes =
            [
                ("--hash-password", "Read a password on standard input, print its hash for the password file and exit."),
                ("--describe", "Print every class, field, message and error of the XenAPI as JSON and exit."),
            ],
        },
        XapiDaemon.RunAsync),
};
