using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Executor;

/// <summary>The way from a call to a running operation: a task, a place in the VM's queue, one log line at the end.</summary>
/// <param name="isLeaving">Whether an id is the temporary one of a VM that is being sent.</param>
public sealed class OperationQueue(
    Scheduler scheduler, TaskTable tasks, Updates updates, VmStore store, OperationRunner runner, Func<string, bool> isLeaving, ILogger logger, CancellationToken stopping)
{
    private const string SharedCardTag = "mxgpu";

    private readonly OutcomeCounts counts = new("xenopsd_operation", "Operations", "operation");

    /// <summary>The operations' part of the page for Prometheus.</summary>
    public void WriteMetrics(MetricsText page) => counts.Write(page);

    /// <summary>Queues the operation behind the others of its VM.</summary>
    public XenopsTask Queue(string debugInfo, Operation operation)
    {
        var task = tasks.Add(debugInfo);
        try
        {
            string tag = TagOf(operation);
            scheduler.Push(tag, PoolOf(operation), () =>
            {
                // What comes for the VM while it has another name here waits behind this all the same.
                scheduler.Alias(tag, operation.Vm);
                return ExecuteAsync(operation, task);
            });
            return task;
        }
        catch (XenopsError)
        {
            tasks.Destroy(task.Id);
            throw;
        }
    }

    /// <summary>Queues the operation and waits for its end; raises what it failed with.</summary>
    public async Task<TaskInfo> RunAsync(string debugInfo, Operation operation, CancellationToken cancel)
    {
        var task = Queue(debugInfo, operation);
        try
        {
            await task.Ended.WaitAsync(ExecutorLimits.OperationWait, cancel).ConfigureAwait(false);
            task.ThrowIfFailed();
            return task.Info();
        }
        catch (TimeoutException)
        {
            throw XenopsError.Internal($"{operation.Name} {operation.Vm} did not end within {ExecutorLimits.OperationWait.TotalSeconds:0} s");
        }
        finally
        {
            tasks.Destroy(task.Id);
        }
    }

    /// <summary>Queues a look at the domain; several in a row are one.</summary>
    public void CheckState(string vmId) => Check(new Operation.VM_check_state(vmId), nameof(Operation.VM_check_state));

    /// <summary>Queues the first look at a domain that was there before this process.</summary>
    public void Adopt(string vmId) => Check(new Operation.VM_adopt(vmId), nameof(Operation.VM_adopt));

    /// <summary>Queues a look at the device; several in a row are one.</summary>
    public void CheckState(DynamicId device) =>
        Check(new Operation.Device_check_state(DeviceRequests.Split(device).Vm, device), device.ToString());

    private void Check(Operation operation, string key) => scheduler.Push(
        TagOf(operation), WorkerPool.Default, () => ExecuteAsync(operation, TaskTable.Internal("backend event")), $"{operation.Vm} {key}");

    /// <summary>VMs with a share of an AMD card take turns: its driver allows no two at once. One that comes from this very host has the
    /// turn already: its source waits for it.</summary>
    private string TagOf(Operation operation) =>
        store.Find(operation.Vm)?.Vgpus.Any(static g => g.implementation is VgpuImplementation.MxGPU) != true
            || operation is Operation.VM_receive_memory r && isLeaving(MigrationIds.Source(r.Arrival.FinalId)) ? operation.Vm : SharedCardTag;

    /// <summary>Reports the VM and its devices as changed, or a VM that is no longer here as ended.</summary>
    public void Signal(string vmId)
    {
        if (store.Find(vmId) is not { } record)
        {
            updates.End(new DynamicId.Vm(vmId));
            return;
        }

        updates.Add(new DynamicId.Vm(vmId));
        foreach (var device in record.DeviceIds)
        {
            updates.Add(device);
        }
    }

    private static WorkerPool PoolOf(Operation operation) =>
        operation is Operation.VM_receive_memory ? WorkerPool.Receive : WorkerPool.Default;

    private async Task ExecuteAsync(Operation operation, XenopsTask task)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(task.Cancellation, stopping);
        using var span = Tracing.Operation(operation.Name, operation.Vm, task.DebugInfo);
        task.Span = span;
        LogScope.Enter(new LogScope(task.Id, Vm: operation.Vm));
        try
        {
            task.ThrowIfCancelled();
            string? result = await runner.RunAsync(operation, task, cancel.Token).ConfigureAwait(false);
            Signals(operation);
            task.Complete(result);
            counts.Ended(operation.Name, task.Elapsed, failed: false);
            if (!operation.IsCheck)
            {
                Log.OperationDone(logger, operation.Name, operation.Vm, (long)task.Elapsed.TotalMilliseconds, task.Id, Tracing.LogText(task.DebugInfo));
            }
        }
        catch (Exception error) // the loop that owns the task: classified here, never let out
        {
            if (!AtomicExecutor.IsExpected(error))
            {
                Log.UnexpectedFailure(logger, error);
            }

            var known = AtomicExecutor.Classify(error, task);
            span?.SetStatus(System.Diagnostics.ActivityStatusCode.Error, known.Value.ToString());
            Signals(operation);
            task.Fail(known.Value);
            counts.Ended(operation.Name, task.Elapsed, failed: true);
            Log.OperationFailed(
                logger, operation.Name, operation.Vm, (long)task.Elapsed.TotalMilliseconds, task.Id, Tracing.LogText(task.DebugInfo), known.Value.ToString());
        }

        if (task.DestroyOnFinish)
        {
            tasks.Destroy(task.Id);
        }
    }

    private void Signals(Operation operation)
    {
        if (operation is Operation.Device_check_state check)
        {
            updates.Add(check.Device);
            return;
        }

        Signal(operation.Vm);
        if (operation is Operation.VM_receive_memory receive)
        {
            Signal(receive.Arrival.FinalId);
        }
    }
}
