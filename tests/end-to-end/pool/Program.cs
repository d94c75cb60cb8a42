using System.Globalization;
using System.Runtime.InteropServices;
using Toolstack.EndToEnd.Pool;

// make pool: a development pool in the foreground, until Ctrl-C or SIGTERM.
var options = new PoolOptions { Report = Console.Error.WriteLine };
for (var index = 0; index + 1 < args.Length; index += 2)
{
    options = args[index] switch
    {
        "--hosts" => options with { Hosts = int.Parse(args[index + 1], CultureInfo.InvariantCulture) },
        "--port" => options with { Port = int.Parse(args[index + 1], CultureInfo.InvariantCulture) },
        "--env" => options with { EnvironmentFile = args[index + 1] },
        "--memory-mib" => options with { HostMemoryMib = int.Parse(args[index + 1], CultureInfo.InvariantCulture) },
        var other => throw new ArgumentException("unknown argument " + other),
    };
}

using var stop = new CancellationTokenSource();
var signals = new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(signal =>
    PosixSignalRegistration.Create(signal, context =>
    {
        context.Cancel = true;
        stop.Cancel();
    })).ToArray();
try
{
    await using var pool = await DevelopmentPool.StartAsync(options, stop.Token);
    foreach (var host in pool.Hosts)
    {
        Console.WriteLine($"host {host.Number}  {host.Url}  {host.XapiSocket}");
    }

    Console.WriteLine($"ready: user {DevelopmentPool.User}, password {pool.Password}; variables in {options.EnvironmentFile}; Ctrl-C stops the pool");
    await Task.Delay(Timeout.Infinite, stop.Token);
    return 0;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}
catch (PoolFailure failure)
{
    Console.Error.WriteLine("pool: " + failure.Message);
    return 1;
}
finally
{
    foreach (var signal in signals)
    {
        signal.Dispose();
    }
}
