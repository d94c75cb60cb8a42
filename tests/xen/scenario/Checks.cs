using System.Diagnostics;
using System.Globalization;
using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>Runs checks one after the other, prints a line for each, and counts.</summary>
internal sealed class Checks(IReadOnlyList<TestMachine> machines, CancellationToken cancel)
{
    private readonly Stopwatch clock = Stopwatch.StartNew();

    public int Passed { get; private set; }

    public int Failed { get; private set; }

    /// <summary>True when the check held. A failure is shown with the end of the toolstack's logs.</summary>
    public async Task<bool> RunAsync(string name, Func<CancellationToken, Task> check)
    {
        var before = clock.Elapsed;
        try
        {
            await check(cancel);
        }
        catch (Exception error) when (error is ScenarioFailure or XenApiFailure or HttpRequestException or FormatException or OperationCanceledException)
        {
            Failed++;
            Print("FAILED", name, before);
            Console.WriteLine("    " + error.Message);
            await ShowLogsAsync();
            return false;
        }

        Passed++;
        Print("ok", name, before);
        return true;
    }

    private void Print(string verdict, string name, TimeSpan before) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"{clock.Elapsed.TotalSeconds,6:0.0} s  {verdict,-6}  {name} ({(clock.Elapsed - before).TotalSeconds:0.0} s)"));

    private async Task ShowLogsAsync()
    {
        foreach (var machine in machines)
        {
            try
            {
                using var deadline = new CancellationTokenSource(Limits.Command);
                string text = await machine.RunAsync($"tail -n {Limits.LogLines} /var/log/xenopsd.log /var/log/xapi.log | cut -c1-600; xl list", deadline.Token);
                Console.WriteLine($"    {machine.Name}:\n      " + text.ReplaceLineEndings("\n      "));
            }
            catch (Exception error) when (error is ScenarioFailure or HttpRequestException or OperationCanceledException)
            {
                Console.WriteLine($"    {machine.Name} does not answer: {error.Message}; {machine.Console(Limits.LogLines)}");
            }
        }
    }
}
