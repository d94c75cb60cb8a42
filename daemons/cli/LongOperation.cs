using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Cli;

/// <summary>Runs a message as a task and follows it: progress is reported, a cancelled command cancels the task.</summary>
internal static class LongOperation
{
    private const double EventWait = 30;

    /// <summary>How long a cancelled task is waited for.</summary>
    private static readonly TimeSpan CancelDeadline = TimeSpan.FromSeconds(30);

    /// <summary>The result of the task, as the task's record holds it. Raises <see cref="XenApiError"/> with the task's error.</summary>
    internal static async Task<string> RunAsync(CliContext context, string method, CancellationToken cancel, params ImmutableArray<Value> arguments)
    {
        var task = await context.Session.CallAsync("Async." + method, cancel, arguments);
        try
        {
            return await FollowAsync(context, task, cancel);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            using var deadline = new CancellationTokenSource(CancelDeadline);
            await context.Session.CallAsync("task.cancel", deadline.Token, task);
            await FollowAsync(context, task, deadline.Token);
            throw;
        }
        finally
        {
            await DestroyAsync(context, task);
        }
    }

    private static async Task<string> FollowAsync(CliContext context, Value task, CancellationToken cancel)
    {
        Value watched = new Value.Array([new Value.Text("task/" + task.AsString())]);
        var token = Value.Empty;
        while (true)
        {
            var record = (await context.Session.CallAsync("task.get_record", cancel, task)).AsStruct();
            switch (record.Find("status")?.AsString())
            {
                case "success":
                    await context.Terminal.ProgressAsync(1, cancel);
                    return record.Find("result")?.AsString() ?? "";
                case "failure" or "cancelled":
                    var error = record.Find("error_info")?.AsArray() ?? [];
                    throw error.Length == 0
                        ? new XenApiError("TASK_CANCELLED", task.AsString())
                        : new XenApiError(error[0].AsString(), [.. error.Skip(1).Select(item => item.AsString())]);
                default:
                    await context.Terminal.ProgressAsync(record.Find("progress")?.AsFloat() ?? 0, cancel);
                    var batch = (await context.Session.CallAsync("event.from", cancel, watched, token, new Value.Float(EventWait))).AsStruct();
                    token = batch.Find("token") ?? Value.Empty;
                    break;
            }
        }
    }

    private static async Task DestroyAsync(CliContext context, Value task)
    {
        using var deadline = new CancellationTokenSource(CancelDeadline);
        try
        {
            await context.Session.CallAsync("task.destroy", deadline.Token, task);
        }
        catch (XenApiError)
        {
            // A task that is gone, or goes by itself, is what was wanted.
        }
    }
}
