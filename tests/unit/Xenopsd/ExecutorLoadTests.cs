using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Executor;
using Toolstack.Xenopsd.Operations;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>Many VMs at once, few workers, cancellation at every point, spans.</summary>
public sealed class ExecutorLoadTests : IAtomicActions
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly ConcurrentDictionary<string, ConcurrentQueue<string>> ran = new();

    async Task IAtomicActions.RunAsync(Atomic atomic, RunContext context, CancellationToken cancel)
    {
        await Task.Yield();
        ran.GetOrAdd(atomic.VmId, static _ => new()).Enqueue(atomic.ToString());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(64)]
    public async Task ThousandsOfVmsWithNestedGroupsAllEndInOrder(int workers)
    {
        const int vms = 3000;
        var scheduler = new Scheduler(workers);
        var executor = new AtomicExecutor(this, scheduler, NullLogger.Instance);
        var ended = new Task[vms];
        for (int i = 0; i < vms; i++)
        {
            string vm = $"vm{i}";
            var plan = VmPlans.Start(Devices(vm), force: false);
            var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            ended[i] = done.Task;
            scheduler.Push(vm, WorkerPool.Default, async () =>
            {
                var task = TaskTable.Internal("test");
                await executor.RunAsync(plan, new RunContext(task, plan.Sum(AtomicTraits.Weight)), CancellationToken.None);
                done.SetResult();
            });
        }

        await Task.WhenAll(ended).WaitAsync(Patience, TestContext.Current.CancellationToken);
        Assert.Equal(vms, ran.Count);
        Assert.All(ran, static vm =>
        {
            string[] steps = [.. vm.Value];
            Assert.Equal(16, steps.Length);
            Assert.Equal($"VM_create {vm.Key}", steps[1]);
            Assert.Equal($"VM_set_domain_action_request {vm.Key} none", steps[^1]);
            Assert.True(steps.IndexOf($"VBD_plug {vm.Key}.xvda") < steps.IndexOf($"VBD_plug {vm.Key}.xvdc"), "a read-only disk came before a writable one");
        });
    }

    [Fact]
    public async Task ATaskIsCancelledAtEveryPointAndTakesBackWhatItDid()
    {
        var plan = VmPlans.Start(Devices("v"), force: false);
        for (int point = 1; ; point++)
        {
            ran.Clear();
            var tasks = new TaskTable(new Updates());
            tasks.SetCancelTrigger("soon", point);
            var task = tasks.Add("soon");
            var executor = new AtomicExecutor(this, new Scheduler(4), NullLogger.Instance);
            var context = new RunContext(task, plan.Sum(AtomicTraits.Weight));
            if (point == 17)
            {
                await executor.RunAsync(plan, context, task.Cancellation);
                Assert.Equal("16", task.Info().debug_info["cancel_points_seen"]);
                return;
            }

            var error = await Assert.ThrowsAsync<XenopsError>(() => executor.RunAsync(plan, context, task.Cancellation));
            Assert.Equal(new XenopsErrorValue.Cancelled(task.Id), error.Value);
            Assert.Equal(point > 2, ran.TryGetValue("v", out var steps) && steps.Contains("VM_destroy v"));
            foreach (string plugged in steps?.Where(static s => s.StartsWith("VBD_plug", StringComparison.Ordinal)) ?? [])
            {
                Assert.Contains(plugged.Replace("VBD_plug", "VBD_unplug", StringComparison.Ordinal) + " force", steps!);
            }

            Assert.DoesNotContain(tasks.Add("soon").Info().debug_info, static d => d.Value != "0");
        }
    }

    [Fact]
    public async Task MoreWorkersTakeWorkAtOnce()
    {
        var scheduler = new Scheduler(1);
        var gate = new TaskCompletionSource();
        var second = new TaskCompletionSource();
        scheduler.Push("a", WorkerPool.Default, () => gate.Task);
        scheduler.Push("b", WorkerPool.Default, () =>
        {
            second.SetResult();
            return Task.CompletedTask;
        });
        Assert.Throws<XenopsError>(() => scheduler.Resize(0));
        Assert.Throws<XenopsError>(() => scheduler.Resize(ExecutorLimits.MaxWorkers + 1));
        Assert.False(second.Task.IsCompleted);
        scheduler.Resize(2);
        await second.Task.WaitAsync(Patience, TestContext.Current.CancellationToken);
        gate.SetResult();
    }

    [Fact]
    public async Task StepsAreSpansUnderTheCallersOwn()
    {
        var spans = new ConcurrentQueue<Activity>();
        const string parent = "00-11111111111111111111111111111111-2222222222222222-01";
        using var listener = new ActivityListener
        {
            ShouldListenTo = static s => s.Name == Tracing.SourceName,
            Sample = static (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        var task = new TaskTable(new Updates()).Add($"log\n{parent}");
        var executor = new AtomicExecutor(this, new Scheduler(4), NullLogger.Instance);
        ImmutableArray<Atomic> plan = [.. VbdPlans.Hotplug(Devices("spans"), new DeviceId("spans", "xvda"))];
        using (task.Span = Tracing.Operation("VBD_hotplug", "spans", task.DebugInfo))
        {
            await executor.RunAsync(plan, new RunContext(task, 2), CancellationToken.None);
        }

        var mine = spans.Where(static s => Equals(s.GetTagItem("vm"), "spans")).ToArray();
        Assert.Equal(["VBD_set_active", "VBD_plug", "VBD_hotplug"], mine.Select(static s => s.OperationName));
        Assert.Equal("2222222222222222", mine[^1].ParentSpanId.ToHexString());
        Assert.All(mine[..^1], s => Assert.Equal(mine[^1].SpanId, s.ParentSpanId));
        Assert.Equal("xvda", mine[0].GetTagItem("device"));
    }

    [Theory]
    [InlineData("log", null)]
    [InlineData("log\n00-1-2-01", "00-1-2-01")]
    [InlineData("log\n{\"traceparent\":\"00-1-2-01\",\"baggage\":\"\"}", "00-1-2-01")]
    [InlineData("log\n{", null)]
    [InlineData("log\nmore\n00-1-2-01", null)]
    public void TraceContextsComeBehindTheLogText(string debugInfo, string? parent) => Assert.Equal(parent, Tracing.TraceParent(debugInfo));

    private static VmDevices Devices(string vm) => new(
        vm,
        [
            new Vbd { id = (vm, "xvda"), backend = new Disk.VDI("sr/a") },
            new Vbd { id = (vm, "xvdb"), backend = new Disk.VDI("sr/b") },
            new Vbd { id = (vm, "xvdc"), backend = new Disk.VDI("sr/c"), mode = VbdMode.ReadOnly },
        ],
        [new Vif { id = (vm, "0") }]);
}
