using System.Diagnostics;
using System.Globalization;
using System.Text;
using Toolstack.EndToEnd.Client;

namespace Toolstack.Tests.Xen;

/// <summary>Runs checks, prints a line for each with the time it took and the processor time of each machine meanwhile, and counts. Several
/// may run at a time.</summary>
internal sealed class Checks(IReadOnlyList<TestMachine> machines, CancellationToken cancel)
{
    private readonly Stopwatch clock = Stopwatch.StartNew();
    private readonly Lock printing = new();
    private int passed;
    private int failed;

    public int Passed => passed;

    public int Failed => failed;

    /// <summary>True when the check held. A failure is shown with the end of the toolstack's logs.</summary>
    public async Task<bool> RunAsync(string name, Func<CancellationToken, Task> check)
    {
        var before = clock.Elapsed;
        var processors = ProcessorTimes();
        if (cancel.IsCancellationRequested)
        {
            Interlocked.Increment(ref failed);
            Print("FAILED", name, before, processors, "    not begun: the time is over\n");
            return false;
        }

        try
        {
            await check(cancel);
        }
        catch (Exception error) when (error is ScenarioFailure or XenApiFailure or HttpRequestException or FormatException or OperationCanceledException
            or InvalidOperationException or IOException)
        {
            Interlocked.Increment(ref failed);
            string what = cancel.IsCancellationRequested ? "the time is over, it hung here: " + error.Message : error.Message;
            Print("FAILED", name, before, processors, $"    {what}\n{await LogsAsync()}");
            return false;
        }

        Interlocked.Increment(ref passed);
        Print("ok", name, before, processors, "");
        return true;
    }

    private List<TimeSpan> ProcessorTimes() => [.. machines.Select(static machine => machine.ProcessorTime)];

    private void Print(string verdict, string name, TimeSpan before, List<TimeSpan> processors, string more)
    {
        var used = ProcessorTimes().Zip(processors, static (now, then) => (now - then).TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture));
        lock (printing)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{clock.Elapsed.TotalSeconds,6:0.0} s  {verdict,-6}  {name} ({(clock.Elapsed - before).TotalSeconds:0.0} s, processors {string.Join(" + ", used)} s)"));
            Console.Write(more);
        }
    }

    private async Task<string> LogsAsync()
    {
        StringBuilder logs = new();
        using var deadline = new CancellationTokenSource(cancel.IsCancellationRequested ? Limits.LastWords : Limits.Command);
        foreach (string log in await Task.WhenAll(machines.Select(machine => LogsAsync(machine, deadline.Token))))
        {
            logs.AppendLine(log);
        }

        return logs.ToString();
    }

    private static async Task<string> LogsAsync(TestMachine machine, CancellationToken cancel)
    {
        try
        {
            string text = await machine.RunAsync($"tail -n {Limits.LogLines} /var/log/xenopsd.log /var/log/xapi.log | cut -c1-600; xl list", cancel);
            return $"    {machine.Name}:\n      {text.ReplaceLineEndings("\n      ")}";
        }
        catch (Exception error) when (error is ScenarioFailure or HttpRequestException or OperationCanceledException)
        {
            return $"    {machine.Name} does not answer: {error.Message}; {machine.Console(Limits.LogLines)}";
        }
    }
}
