using Toolstack.Hosting;
using Toolstack.Xapi;

return args switch
{
    ["--hash-password"] => await CommandModes.HashPasswordAsync(Console.In, Console.Out),
    ["--describe"] => CommandModes.Describe(Console.OpenStandardOutput()),
    ["--export-db", { } path] => await CommandModes.ExportAsync(path, Console.OpenStandardOutput()),
    ["--import-db", { } path] => await CommandModes.ImportAsync(path, Console.OpenStandardInput()),
    ["--bugtool", .. var rest] => await Toolstack.Xapi.Bugtool.BugReport.RunAsync(rest),
    ["--api-coverage"] => CommandModes.ApiCoverage(Console.Out),
    _ => await Daemon.RunAsync(args, ManualText.Description, XapiDaemon.RunAsync),
};
