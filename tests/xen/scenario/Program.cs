using Toolstack.Tests.Xen;

// xen-scenario SCRIPTS IMAGES STAGED WORK SECONDS [memory]: the toolstack on two emulated machines that run Xen, all of the checks or the table of
// what the daemons hold in memory, for so many seconds at most; the last line is "N passed, N failed".
if (args.Length is < 5 or > 6 || !int.TryParse(args[4], out int seconds) || (args.Length == 6 && args[5] != Parts.Memory))
{
    Console.Error.WriteLine("usage: xen-scenario SCRIPTS IMAGES STAGED WORK SECONDS [memory]");
    return 2;
}

using var over = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    over.Cancel();
};

// The machines die with the thread that starts them, which is this one: it lives as long as the process.
var places = new Places(args[0], args[1], args[2], args[3]);
string link = Path.Combine(places.Work, "link");
var first = TestMachine.Start(places, 1, link);
while (!File.Exists(link) && !over.IsCancellationRequested && first.IsAlive)
{
    Thread.Sleep(Limits.Poll);
}

var second = TestMachine.Start(places, 2, link);
Checks checks = new([first, second], over.Token);
try
{
    Scenario.RunAsync(checks, first, second, args.ElementAtOrDefault(5)).GetAwaiter().GetResult();
}
finally
{
    if (checks.Failed > 0)
    {
        using var last = new CancellationTokenSource(Limits.LastWords);
        Task.WhenAll(first.KeepLogsAsync(last.Token), second.KeepLogsAsync(last.Token)).GetAwaiter().GetResult();
        Console.WriteLine($"Consoles and logs of both machines: {places.Work}/host1, {places.Work}/host2");
    }

    first.DisposeAsync().AsTask().GetAwaiter().GetResult();
    second.DisposeAsync().AsTask().GetAwaiter().GetResult();
    File.Delete(link);
}

Console.WriteLine($"{checks.Passed} passed, {checks.Failed} failed");
return checks.Failed == 0 ? 0 : 1;
