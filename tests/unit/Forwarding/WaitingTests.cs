using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Xunit;

namespace Toolstack.Tests.Forwarding;

/// <summary>Operations that wait for others, supersede them or are cancelled.</summary>
public sealed class WaitingTests
{
    private readonly Stage stage = new();

    private static Task Nothing(CallContext call) => Task.CompletedTask;

    [Fact]
    public async Task ASecondOperationRunsWhenTheFirstIsDone()
    {
        TaskCompletionSource entered = new();
        TaskCompletionSource finish = new();
        Task first = stage.RunAsync(Stage.Policy(operation: "clone"), _ =>
        {
            entered.SetResult();
            return finish.Task;
        });
        await entered.Task;
        bool ran = false;
        Task second = stage.RunAsync(Stage.Policy(operation: "start"), _ => Task.FromResult(ran = true));
        Assert.False(ran);
        finish.SetResult();
        await first;
        await second;
        Assert.True(ran);
        Assert.Empty(stage.Row.current_operations);
    }

    [Fact]
    public async Task AWaitIsBounded()
    {
        Stage impatient = new(TimeSpan.Zero);
        impatient.Set(static row => row with { current_operations = row.current_operations.SetItem("OpaqueRef:other", vm_operations.clone) });
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => impatient.RunAsync(Stage.Policy(operation: "start"), Nothing));
        Assert.Equal("OTHER_OPERATION_IN_PROGRESS", error.Code);
        Assert.Equal(["VM", impatient.Vm.ToString(), "clone", "OpaqueRef:other"], error.Parameters);
    }

    [Fact]
    public async Task ACancelledWaitIsACancelledTask()
    {
        stage.Set(static row => row with { current_operations = row.current_operations.SetItem("OpaqueRef:other", vm_operations.clone) });
        using CancellationTokenSource source = new();
        CallContext call = stage.Call(cancel: source.Token);
        Task waiting = stage.RunAsync(Stage.Policy(operation: "start"), Nothing, call);
        await source.CancelAsync();
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => waiting);
        Assert.Equal("TASK_CANCELLED", error.Code);
        Assert.Equal([call.TaskRef], error.Parameters);
        Assert.Single(stage.Row.current_operations);
    }

    [Fact]
    public async Task CallPluginDoesNotWait()
    {
        stage.Run(stage.Here);
        stage.Set(static row => row with { current_operations = row.current_operations.SetItem("OpaqueRef:other", vm_operations.pause) });
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => stage.RunAsync(Stage.Policy(operation: "call_plugin"), Nothing));
        Assert.Equal("OTHER_OPERATION_IN_PROGRESS", error.Code);
    }

    [Fact]
    public async Task AHardShutdownCancelsTheMigrationAndWaitsForIt()
    {
        stage.Run(stage.Here);
        using CancellationTokenSource source = new();
        CallContext migration = stage.Call(cancel: source.Token);
        stage.Cancellable.Add(migration.TaskRef, source);
        TaskCompletionSource entered = new();
        Task moving = stage.RunAsync(Stage.Policy(operation: "pool_migrate"), async call =>
        {
            entered.SetResult();
            await Task.Delay(Timeout.Infinite, call.Cancellation).ContinueWith(static _ => { }, TaskScheduler.Default);
            throw new XenApiError("TASK_CANCELLED", call.TaskRef);
        }, migration);
        await entered.Task;
        bool alone = false;
        await stage.RunAsync(Stage.Policy(operation: "hard_shutdown", cancels: ["pool_migrate"]), _ =>
        {
            alone = stage.Row.current_operations.Count == 1;
            return Task.CompletedTask;
        });
        Assert.True(alone);
        await Assert.ThrowsAsync<XenApiError>(() => moving);
    }

    [Fact]
    public async Task CancellingReachesTheHostThatRunsTheCall()
    {
        stage.Run(stage.There);
        using CancellationTokenSource source = new();
        TaskCompletionSource<Value> answer = new();
        TaskCompletionSource sent = new();
        stage.Remote.Answer = (method, _) =>
        {
            if (method == "task.cancel")
            {
                answer.SetException(new XenApiError("TASK_CANCELLED", "t"));
                return Task.FromResult(Value.Empty);
            }

            sent.SetResult();
            return answer.Task;
        };
        CallContext call = stage.Call(cancel: source.Token);
        Task running = stage.RunAsync(Stage.Policy(Where.ResidentHost, "pool_migrate"), Nothing, call);
        await sent.Task;
        await source.CancelAsync();
        XenApiError error = await Assert.ThrowsAsync<XenApiError>(() => running);
        Assert.Equal("TASK_CANCELLED", error.Code);
        Assert.Equal(["VM.test", "task.cancel"], stage.Remote.Calls.Select(static c => c.Method));
        Assert.Empty(stage.Row.current_operations);
    }

    [Fact]
    public async Task ACallThatWasTooLateToCancelSucceeds()
    {
        stage.Run(stage.There);
        using CancellationTokenSource source = new();
        TaskCompletionSource<Value> answer = new();
        TaskCompletionSource sent = new();
        stage.Remote.Answer = (method, _) =>
        {
            if (method == "task.cancel")
            {
                answer.SetResult(Value.Empty);
                return Task.FromResult(Value.Empty);
            }

            sent.SetResult();
            return answer.Task;
        };
        Task running = stage.RunAsync(Stage.Policy(Where.ResidentHost, "pool_migrate"), Nothing, stage.Call(cancel: source.Token));
        await sent.Task;
        await source.CancelAsync();
        await running;
    }

    [Fact]
    public async Task TheCallsOwnAnswerDecidesWhenTheOtherHostCannotBeToldToCancel()
    {
        stage.Run(stage.There);
        using CancellationTokenSource source = new();
        TaskCompletionSource<Value> answer = new();
        TaskCompletionSource sent = new();
        TaskCompletionSource asked = new();
        stage.Remote.Answer = (method, _) =>
        {
            if (method == "task.cancel")
            {
                asked.SetResult();
                throw new XenApiError("CANNOT_CONTACT_HOST", "there");
            }

            sent.SetResult();
            return answer.Task;
        };
        Task running = stage.RunAsync(Stage.Policy(Where.ResidentHost, "pool_migrate"), Nothing, stage.Call(cancel: source.Token));
        await sent.Task;
        await source.CancelAsync();
        await asked.Task;
        Assert.False(running.IsCompleted);
        Assert.Single(stage.Row.current_operations);
        answer.SetResult(Value.Empty);
        await running;
        Assert.Empty(stage.Row.current_operations);
    }
}
