using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.Tasks;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>
/// This host's xenopsd as the VM operations use it: they push what a VM is, run tasks on it and make the database say what became of it.
/// Failures come out as XenAPI errors. The id of a VM is its uuid.
/// </summary>
internal sealed class LocalXenops(IXenops xenops, XenopsTasks tasks, XenopsEvents events, TaskService progress, DeviceDescriber devices, PoolCpu cpu, PushedMetadata pushed)
{
    /// <summary>The debug_info under which a call's requests show up in xenopsd's logs and tasks, with the call's place in a trace if it has
    /// one (xenops protocol: after a newline).</summary>
    public static string Debug(CallContext call) =>
        Spans.TraceParent is { } place ? $"{call.Method} {call.TaskRef}\n{place}" : $"{call.Method} {call.TaskRef}";

    /// <summary>Tells xenopsd what the VM is; replaces what it knew.</summary>
    public Task PushAsync(CallContext call, Ref<VM> self, VM row) =>
        GuardAsync(call, self, row.uuid, async () =>
        {
            VmDevices described = await devices.DescribeAsync(row, call.Cancellation).ConfigureAwait(false);
            Metadata metadata = VmMetadata.Build(row, described, await cpu.FeaturesOfAsync(row, call.Cancellation).ConfigureAwait(false));
            await xenops.VmImportMetadata(Debug(call), JsonValueWriter.Text(w => MetadataCodec.Write(w, metadata)), call.Cancellation).ConfigureAwait(false);
            pushed.Note(VmMetadata.Build(row).vm);
        });

    /// <summary>Starts a task of xenopsd and waits for its end. <paramref name="start"/> is not to be cancelled itself: a request given up
    /// half-way would leave a task that nobody waits for. Progress goes to the call's task; cancelling the call cancels the task.</summary>
    public Task<string?> RunAsync(CallContext call, Ref<VM> self, string uuid, Func<IXenops, string, Task<string>> start) =>
        RunAsync(call, self, uuid, start, call.Cancellation);

    /// <summary>The same for what must be done even though the call was cancelled.</summary>
    public Task<string?> RunAsync(
        CallContext call, Ref<VM> self, string uuid, Func<IXenops, string, Task<string>> start, CancellationToken cancel) =>
        GuardAsync(call, self, uuid, async () =>
        {
            string debug = Debug(call);
            cancel.ThrowIfCancellationRequested();
            string id = await start(xenops, debug).ConfigureAwait(false);
            return await tasks.WaitAsync(debug, id, value => ReportAsync(call, value), cancel).ConfigureAwait(false);
        });

    /// <summary>Starts a task and returns a wait for it, so that another can be queued behind it at once.</summary>
    public async Task<Task<string?>> QueueAsync(CallContext call, Ref<VM> self, string uuid, Func<IXenops, string, Task<string>> start)
    {
        string debug = Debug(call);
        string id = await GuardAsync(call, self, uuid, () => start(xenops, debug)).ConfigureAwait(false);
        return GuardAsync(call, self, uuid, () => tasks.WaitAsync(debug, id, null, call.Cancellation));
    }

    /// <summary>Asks xenopsd something.</summary>
    public Task<T> AskAsync<T>(CallContext call, Ref<VM> self, string uuid, Func<IXenops, string, Task<T>> ask) =>
        GuardAsync(call, self, uuid, () => ask(xenops, Debug(call)));

    /// <summary>Tells xenopsd something.</summary>
    public Task TellAsync(CallContext call, Ref<VM> self, string uuid, Func<IXenops, string, Task> tell) =>
        GuardAsync(call, self, uuid, () => tell(xenops, Debug(call)));

    /// <summary>Makes xenopsd forget a VM that does not run; a VM it does not know or that still runs is left alone.</summary>
    public Task ForgetAsync(CallContext call, Ref<VM> self, string uuid) =>
        GuardAsync(call, self, uuid, async () =>
        {
            try
            {
                await xenops.VmRemove(Debug(call), uuid, CancellationToken.None).ConfigureAwait(false);
            }
            catch (XenopsError e) when (e.Value is XenopsErrorValue.Does_not_exist or XenopsErrorValue.Bad_power_state)
            {
                // Nothing to forget, or a VM that is still (again) running and must be kept.
            }
        });

    /// <summary>When it ends the database says what xenopsd says of the VM now. Not cancellable: the operation that asks has happened.</summary>
    public Task RefreshAsync(CallContext call, Ref<VM> self, string uuid) =>
        GuardAsync(call, self, uuid, () => events.RefreshAsync(uuid, CancellationToken.None));

    /// <summary>Keeps the VM's states from the database until the result is disposed; then the database is brought up to date.</summary>
    public Task<IAsyncDisposable> SuppressAsync(string uuid, CancellationToken cancel) => events.SuppressAsync(uuid, cancel);

    /// <summary>Progress is news, not part of the operation: it neither fails nor stops it.</summary>
    private async ValueTask ReportAsync(CallContext call, double value)
    {
        if (!call.HasDatabaseTask)
        {
            return;
        }

        try
        {
            await progress.ReportProgress(call.Task, value, CancellationToken.None).ConfigureAwait(false);
        }
        catch (XenApiError)
        {
            // The next value makes up for it.
        }
    }

    private static Task<bool> GuardAsync(CallContext call, Ref<VM> self, string uuid, Func<Task> work) =>
        GuardAsync(call, self, uuid, async () =>
        {
            await work().ConfigureAwait(false);
            return true;
        });

    private static async Task<T> GuardAsync<T>(CallContext call, Ref<VM> self, string uuid, Func<Task<T>> work)
    {
        try
        {
            return await work().ConfigureAwait(false);
        }
        catch (XenopsError e)
        {
            throw new ErrorMapper(call.TaskRef, id => id == uuid ? self.ToString() : id).Map(e.Value, self.ToString());
        }
        catch (OperationCanceledException) when (call.Cancellation.IsCancellationRequested)
        {
            throw new XenApiError("TASK_CANCELLED", call.TaskRef);
        }
    }
}
