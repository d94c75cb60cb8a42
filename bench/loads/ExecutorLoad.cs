using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Operations;

namespace Toolstack.Bench.Loads;

/// <summary>What xenopsd itself costs beside what the hypervisor does: a plan built, and a step that does nothing run.</summary>
internal sealed class ExecutorLoad : IAtomicActions
{
    private const int Rounds = 20_000;

    Task IAtomicActions.RunAsync(Atomic atomic, RunContext context, CancellationToken cancel) => Task.CompletedTask;

    internal static async Task RunAsync(TextWriter output, CancellationToken cancel)
    {
        var devices = new VmDevices(
            "v",
            [new Vbd { id = ("v", "xvda"), backend = new Disk.VDI("sr/a") }, new Vbd { id = ("v", "xvdb"), backend = new Disk.VDI("sr/b") }],
            [new Vif { id = ("v", "0") }]);
        var bare = VmPlans.Start(VmDevices.None("v"), force: false);
        var full = VmPlans.Start(devices, force: false);
        await MeasureAsync(bare, Rounds / 10, cancel).ConfigureAwait(false);

        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < Rounds; i++)
        {
            _ = VmPlans.Start(devices, force: false);
        }

        Report(output, "plan of a start, two disks and an interface", Stopwatch.GetElapsedTime(start) / Rounds);
        Report(output, "a step in order", await MeasureAsync(bare, Rounds, cancel).ConfigureAwait(false) / bare.Length);
        Report(output, "a step in nested groups", await MeasureAsync(full, Rounds, cancel).ConfigureAwait(false) / full.Sum(AtomicTraits.Weight));
    }

    private static async Task<TimeSpan> MeasureAsync(System.Collections.Immutable.ImmutableArray<Atomic> plan, int rounds, CancellationToken cancel)
    {
        var executor = new AtomicExecutor(new ExecutorLoad(), new Scheduler(4), NullLogger.Instance);
        var tasks = new TaskTable(new Updates());
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds; i++)
        {
            var task = tasks.Add("bench");
            await executor.RunAsync(plan, new RunContext(task, plan.Sum(AtomicTraits.Weight)), cancel).ConfigureAwait(false);
            tasks.Destroy(task.Id);
        }

        return Stopwatch.GetElapsedTime(start) / rounds;
    }

    private static void Report(TextWriter output, string what, TimeSpan time) =>
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"executor: {what}: {time.TotalMicroseconds:0.00} us"));
}
