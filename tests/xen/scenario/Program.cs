using Toolstack.Tests.Xen;

// xen-scenario SCRIPTS IMAGES STAGED WORK: the toolstack on two emulated machines that run Xen; the last line is "N passed, N failed".
if (args.Length != 4)
{
    Console.Error.WriteLine("usage: xen-scenario SCRIPTS IMAGES STAGED WORK");
    return 2;
}

using var over = new CancellationTokenSource(Limits.Whole);
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    over.Cancel();
};

// The machines die with the thread that starts them, which is this one: it lives as long as the process.
var places = new Places(args[0], args[1], args[2], args[3]);
string link = Path.Combine(places.Work, "link");
var first = TestMachine.Start(places, 1, link);
while (!File.Exists(link) && !over.IsCancellationRequested)
{
    Thread.Sleep(Limits.Poll);
}

var second = TestMachine.Start(places, 2, link);
Checks checks = new([first, second], over.Token);
try
{
    Scenario.RunAsync(checks, first, second).GetAwaiter().GetResult();
}
finally
{
    first.DisposeAsync().AsTask().GetAwaiter().GetResult();
    second.DisposeAsync().AsTask().GetAwaiter().GetResult();
    File.Delete(link);
}

Console.WriteLine($"{checks.Passed} passed, {checks.Failed} failed");
return checks.Failed == 0 ? 0 : 1;
