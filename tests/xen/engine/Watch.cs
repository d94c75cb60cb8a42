using System.Diagnostics;
using Toolstack.Xenopsd.Backends.Xen;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>Sees domains suspend and run, whoever makes them do so: the time between a guest's suspension here and its going on there
/// is measured alike for every toolstack.</summary>
internal static class Watch
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    public static async Task RunAsync(TimeSpan time)
    {
        await using var xen = XenHypervisor.Open("");
        var start = Stopwatch.GetTimestamp();
        Dictionary<int, string> former = [];
        double suspended = 0;
        while (Stopwatch.GetElapsedTime(start) < time)
        {
            var now = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            Dictionary<int, string> states = [];
            foreach (var domain in xen.Domains())
            {
                states[domain.Domid] = domain.Dying ? "dying" : domain.ShutdownCode is { } code ? $"shut down {code}" : domain.Paused ? "paused" : "runs";
            }

            foreach (var (domid, state) in states.Where(pair => former.GetValueOrDefault(pair.Key) != pair.Value))
            {
                var rest = former.Count > 0 && state == "runs" && suspended > 0 ? $", {now - suspended:0} ms after the suspension" : "";
                suspended = state == "shut down 2" ? now : suspended;
                Console.WriteLine($"  watch {now,7:0} ms: domain {domid} {state}{rest}");
            }

            former = states;
            await Task.Delay(Pause);
        }
    }
}
