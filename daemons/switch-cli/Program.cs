using System.Net.Sockets;
using Toolstack.Hosting.Switch;
using Toolstack.SwitchCli;

// switch-cli: the message switch from a shell. Exit status: 0 done, 1 failed, 2 wrong usage.
if (args.Contains("--help") || args.Length == 0)
{
    await Console.Out.WriteAsync(Arguments.Help);
    return args.Length == 0 ? 2 : 0;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    stop.Cancel();
};
try
{
    var arguments = Arguments.Parse(args);
    await Commands.Find(arguments)(arguments, Console.Out, stop.Token);
    return 0;
}
catch (UsageException wrong)
{
    await Console.Error.WriteLineAsync($"switch-cli: {wrong.Message}; see switch-cli --help");
    return 2;
}
catch (SwitchException error)
{
    await Console.Error.WriteLineAsync($"switch-cli: {error.Kind}: {error.Message}");
    return 1;
}
catch (Exception error) when (error is SocketException or IOException)
{
    await Console.Error.WriteLineAsync($"switch-cli: {error.Message}");
    return 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}
