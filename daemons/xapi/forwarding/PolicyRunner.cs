using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Forwarding;

/// <summary>
/// Runs a message as its declared policy says: on the coordinator it enters the operation in the objects it locks, reserves memory where
/// the policy asks for it, and calls the implementation here or the same message on the host that is to run it; afterwards it undoes all
/// of that, whatever happened. On a member, and for a call that the coordinator forwarded, the implementation runs at once.
/// </summary>
internal sealed class PolicyRunner(
    XapiDatabase database, OperationLocks locks, DeviceMarks marks, Reservations reservations, IRemoteHosts remote, Func<Ref<task>, bool> cancelTask,
    TimeSpan cancelDeadline, ILogger logger) : IMessageRunner
{
    private const string VmClass = "VM";
    private const string HostClass = "host";
    private const string MigrateOperation = "vm_migrate";

    /// <summary>Operations by which a VM gets hold of its devices.</summary>
    private static readonly ImmutableHashSet<string> Attaching = ImmutableHashSet.Create(
        StringComparer.Ordinal, "start", "start_on", "resume", "resume_on", "clean_reboot", "hard_reboot");

    private readonly ObjectHosts hosts = new(database);

    public async ValueTask<MessageResult> RunAsync(CallContext call, XenMessage message, ImmutableArray<Value> arguments, object implementation)
    {
        if (!call.Identity.IsCoordinator || call.IsForwarded)
        {
            return await message.Invoke(implementation, call, arguments).ConfigureAwait(false);
        }

        Held held = new();
        MessageResult result;
        try
        {
            await LockAsync(held, call, message, arguments).ConfigureAwait(false);
            if (message.Policy.Locks.Any(static l => Attaching.Contains(l.Operation)))
            {
                await marks.EnterAsync(held.Locks, VmOf(arguments), call.TaskRef, call.Cancellation).ConfigureAwait(false);
            }

            Ref<host> place = await PlaceAsync(held, call, message, arguments).ConfigureAwait(false);
            await LastAsync(message, call.Cancellation).ConfigureAwait(false);
            result = place.IsNull || place == call.Identity.Localhost
                ? await message.Invoke(implementation, call, arguments).ConfigureAwait(false)
                : await ForwardAsync(held, call, message, arguments, place).ConfigureAwait(false);
        }
        catch (Exception e) when (KeepsPromise(held, message, e))
        {
            held.Reserved = null;
            throw;
        }
        finally
        {
            await UndoAsync(held).ConfigureAwait(false);
        }

        await LastAsync(message, CancellationToken.None).ConfigureAwait(false);
        return result;
    }

    /// <summary>Whether the VM may live on the host it was promised to although the call failed.</summary>
    private static bool KeepsPromise(Held held, XenMessage message, Exception error) =>
        held.Stands
        || (held.IsSent && StartDoubt.Leaves(error))
        || (message.Policy.Reserve is { HostOperation: MigrateOperation } && error is XenApiError known && MigrationDoubt.Leaves(known) && !(held.IsSent && known.NeverSent));

    /// <summary>What the call's locks, promises and updates changed is on disk: before anything is done for it, and before it is said to be done.</summary>
    private Task LastAsync(XenMessage message, CancellationToken cancel) =>
        message.Policy is { Locks.IsEmpty: true, Reserve: null } and not { Where: Where.ElectedHost } ? Task.CompletedTask : database.FlushAsync(cancel);

    private async ValueTask LockAsync(Held held, CallContext call, XenMessage message, ImmutableArray<Value> arguments)
    {
        foreach (LockPolicy policy in message.Policy.Locks)
        {
            (string className, string reference) = await LockedAsync(policy, message, arguments, call.Cancellation).ConfigureAwait(false);
            if (!policy.Cancels.IsDefaultOrEmpty)
            {
                await CancelAsync(className, reference, policy.Cancels, call).ConfigureAwait(false);
            }

            bool strict = !(policy.Operation == "pool_migrate" && IsForced(message, arguments));
            held.Locks.Push(await locks.EnterAsync(className, reference, policy.Operation, call.TaskRef, strict, call.Cancellation)
                .ConfigureAwait(false));
        }
    }

    /// <summary>The object that a lock is taken of: the argument, or what a Ref field of its row refers to.</summary>
    private async ValueTask<(string Class, string Reference)> LockedAsync(
        LockPolicy policy, XenMessage message, ImmutableArray<Value> arguments, CancellationToken cancel)
    {
        if (arguments[policy.Argument] is Value.Struct record)
        {
            return (policy.Of!, FieldOf(record, policy.Of!));
        }

        string className = ClassOf(message.Parameters[policy.Argument]);
        string reference = arguments[policy.Argument].AsString();
        return (className, policy.Of) switch
        {
            (_, null) => (className, reference),
            ("VDI", "SR") => ("SR", (await database.Get(new Ref<VDI>(reference), cancel).ConfigureAwait(false)).SR.ToString()),
            ("PBD", "SR") => ("SR", (await database.Get(new Ref<PBD>(reference), cancel).ConfigureAwait(false)).SR.ToString()),
            ("VM", "snapshot_of") => ("VM", (await database.Get(new Ref<VM>(reference), cancel).ConfigureAwait(false)).snapshot_of.ToString()),
            _ => throw new InvalidOperationException($"{message.FullName} locks the {policy.Of} of a {className}, which is not known here"),
        };
    }

    /// <summary>Cancels the operations that this one supersedes and waits for them to stop.</summary>
    private async ValueTask CancelAsync(string className, string reference, ImmutableArray<string> operations, CallContext call)
    {
        foreach (string other in await locks.TasksOfAsync(className, reference, operations, call.Cancellation).ConfigureAwait(false))
        {
            cancelTask(new Ref<task>(other));
        }

        await locks.WaitGoneAsync(className, reference, operations, cancelDeadline, call.TaskRef, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>Where the message runs, the memory it needs reserved there. Null: here.</summary>
    private async ValueTask<Ref<host>> PlaceAsync(Held held, CallContext call, XenMessage message, ImmutableArray<Value> arguments)
    {
        if (message.Policy.Reserve is { } reserve)
        {
            Ref<host> target = new(arguments[reserve.Argument].AsString());
            await AssertLiveAsync(target, call.Cancellation).ConfigureAwait(false);
            await EnterHostAsync(held, target, reserve.HostOperation, call).ConfigureAwait(false);
            Ref<VM> vm = VmOf(arguments);
            if (reserve.HostOperation == MigrateOperation && !IsForced(message, arguments))
            {
                await CpuCheck.AssertAsync(database, vm, target, call.Cancellation).ConfigureAwait(false);
            }

            if (await reservations.ReserveAsync(vm, target, starts: reserve.HostOperation != MigrateOperation, call.Cancellation).ConfigureAwait(false))
            {
                held.Reserved = vm;
            }
        }

        switch (message.Policy.Where)
        {
            case Where.ArgumentHost:
                return new Ref<host>(arguments[ArgumentIndex(message, message.Policy.HostArgument)].AsString());
            case Where.ResidentHost:
                VM row = await database.Get(VmOf(arguments), call.Cancellation).ConfigureAwait(false);
                return row.power_state is vm_power_state.Running or vm_power_state.Paused ? row.resident_on : Ref<host>.Null;
            case Where.ObjectHost:
                int which = ArgumentIndex(message, message.Policy.HostArgument);
                return await hosts.OfObjectAsync(ClassOf(message.Parameters[which]), FirstOf(arguments[which]), call.Cancellation).ConfigureAwait(false);
            case Where.StorageHost:
                int storage = ArgumentIndex(message, message.Policy.HostArgument);
                if (arguments[storage] is Value.Struct record)
                {
                    return await hosts.OfStorageAsync("SR", FieldOf(record, "SR"), call.Identity.Localhost, detached: false, call.Cancellation)
                        .ConfigureAwait(false);
                }

                return await hosts.OfStorageAsync(
                    ClassOf(message.Parameters[storage]), arguments[storage].AsString(), call.Identity.Localhost,
                    detached: message.FullName is "SR.destroy" or "SR.forget", call.Cancellation).ConfigureAwait(false);
            case Where.ElectedHost:
                return await ElectAsync(held, call, message, VmOf(arguments)).ConfigureAwait(false);
            case Where.AnyHostOfStorage:
                return await hosts.OfDisksAsync(VmOf(arguments), call.Identity.Localhost, call.Cancellation).ConfigureAwait(false);
            default:
                return Ref<host>.Null;
        }
    }

    private async ValueTask<Ref<host>> ElectAsync(Held held, CallContext call, XenMessage message, Ref<VM> vm)
    {
        (Ref<host> elected, bool stands) = await reservations.ElectAsync(vm, call.Identity.Localhost, call.Cancellation).ConfigureAwait(false);
        (held.Reserved, held.Stands) = (vm, stands);
        string operation = message.Policy.Locks.Any(static l => l.Operation == "resume") ? "vm_resume" : "vm_start";
        await EnterHostAsync(held, elected, operation, call).ConfigureAwait(false);
        return elected;
    }

    private async ValueTask EnterHostAsync(Held held, Ref<host> target, string operation, CallContext call) =>
        held.Locks.Push(await locks.EnterAsync(HostClass, target.ToString(), operation, call.TaskRef, strict: true, call.Cancellation)
            .ConfigureAwait(false));

    private async ValueTask AssertLiveAsync(Ref<host> target, CancellationToken cancel)
    {
        host row = await database.Get(target, cancel).ConfigureAwait(false);
        host_metrics? metrics = await database.Find(row.metrics, cancel).ConfigureAwait(false);
        if (metrics is not { live: true })
        {
            throw new XenApiError("HOST_OFFLINE", target.ToString());
        }
    }

    private async ValueTask<MessageResult> ForwardAsync(Held held, CallContext call, XenMessage message, ImmutableArray<Value> arguments, Ref<host> target)
    {
        await AssertLiveAsync(target, call.Cancellation).ConfigureAwait(false);
        if (call.HasDatabaseTask)
        {
            await database.Update(call.Task, row => row with { forwarded = true, forwarded_to = target, resident_on = target }, call.Cancellation)
                .ConfigureAwait(false);
        }

        Log.Forwarding(logger, message.FullName, target.ToString(), call.TaskRef);
        held.IsSent = true;
        Task<Value> answer = remote.CallAsync(target, message.FullName, arguments, call.HasDatabaseTask ? call.Task : null, CancellationToken.None);
        try
        {
            return MessageResult.From(await answer.WaitAsync(call.Cancellation).ConfigureAwait(false));
        }
        catch (OperationCanceledException) when (call.Cancellation.IsCancellationRequested && !call.Services.Stopping.IsCancellationRequested)
        {
            await CancelRemoteAsync(call, target).ConfigureAwait(false);

            // Whatever the call ends in over there is what has happened: it may still succeed, and until it has ended its objects stay locked.
            return MessageResult.From(await answer.ConfigureAwait(false));
        }
    }

    /// <summary>Passes the cancellation on. The other host remembers it if the call has not reached it yet, so once is enough; a host that
    /// cannot be told goes on, and the call's own answer says how.</summary>
    private async Task CancelRemoteAsync(CallContext call, Ref<host> target)
    {
        if (!call.HasDatabaseTask)
        {
            return;
        }

        using CancellationTokenSource limit = new(cancelDeadline);
        try
        {
            await remote.CallAsync(target, "task.cancel", [new Value.Text(call.TaskRef)], null, limit.Token).ConfigureAwait(false);
        }
        catch (Exception e) when (e is XenApiError or OperationCanceledException)
        {
            Log.CancelNotPassedOn(logger, call.TaskRef, target.ToString(), e.Message);
        }
    }

    private async ValueTask UndoAsync(Held held)
    {
        if (held.Reserved is { } vm)
        {
            await BestEffortAsync(() => reservations.ClearAsync(vm), vm.ToString()).ConfigureAwait(false);
        }

        while (held.Locks.TryPop(out HeldLock? one))
        {
            await BestEffortAsync(() => locks.LeaveAsync(one), one.Reference).ConfigureAwait(false);
        }
    }

    /// <summary>A step of undoing that fails must neither hide the outcome of the call nor keep the other steps from being done.</summary>
    private async ValueTask BestEffortAsync(Func<ValueTask> step, string reference)
    {
        try
        {
            await step().ConfigureAwait(false);
        }
        catch (XenApiError e)
        {
            Log.UndoFailed(logger, reference, e.Message);
        }
    }

    private static bool IsForced(XenMessage message, ImmutableArray<Value> arguments)
    {
        int index = message.Parameters.IndexOf(message.Parameters.FirstOrDefault(static p => p.Name == "options")!);
        return index >= 0 && arguments[index] is Value.Struct options
            && MigrateOptions.Parse(options.Members.ToImmutableSortedDictionary(static m => m.Key, static m => m.Value.AsString())).Force;
    }

    /// <summary>What a field of a constructor's record refers to. Raises INTERNAL_ERROR as the constructor would.</summary>
    private static string FieldOf(Value.Struct record, string field) =>
        record.Find(field)?.AsString() ?? throw new XenApiError("INTERNAL_ERROR", $"{field} is not present in the record");

    private static Ref<VM> VmOf(ImmutableArray<Value> arguments) => new(arguments[0].AsString());

    /// <summary>The class that a parameter of type <c>C ref</c> or <c>C ref set</c> refers to.</summary>
    private static string ClassOf(XenParameter parameter) =>
        parameter.Type.IndexOf(" ref", StringComparison.Ordinal) is > 0 and int end ? parameter.Type[..end] : VmClass;

    /// <summary>The reference, or of a set of them the first: all are of one host.</summary>
    private static string FirstOf(Value argument) =>
        argument is Value.Array set ? set.Items.IsEmpty ? Ref<host>.Null.ToString() : set.Items[0].AsString() : argument.AsString();

    private static int ArgumentIndex(XenMessage message, string? name)
    {
        for (int index = 0; index < message.Parameters.Length; index++)
        {
            if (name is null || message.Parameters[index].Name == name)
            {
                return index;
            }
        }

        throw new InvalidOperationException($"{message.FullName} runs on the host of a parameter it does not have: {name}");
    }

    private sealed class Held
    {
        public Stack<HeldLock> Locks { get; } = new();

        public Ref<VM>? Reserved { get; set; }

        /// <summary>The promise is that of an earlier call too, of which nobody knows what it came to.</summary>
        public bool Stands { get; set; }

        /// <summary>Another host has been told, or may have been.</summary>
        public bool IsSent { get; set; }
    }
}
