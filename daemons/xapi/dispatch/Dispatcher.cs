using System.Collections.Immutable;
using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Sessions;
using Toolstack.Xapi.Tasks;

namespace Toolstack.Xapi.Dispatch;

/// <summary>
/// The way of every call: name, number of arguments, session, role, task, then the message itself, and at last what it ended in.
/// The order is that of the XenAPI server, since clients see which complaint comes first.
/// </summary>
internal sealed class Dispatcher(
    XapiServices services, MessageTable table, IReadOnlyDictionary<string, object> implementations, ImplicitRunner fields, ILogger logger)
{
    private int pending;

    /// <summary>Whether the call reads all of a class that has many rows.</summary>
    internal bool IsLongRead(string method) =>
        table.Find(method) is { Implicit.Kind: >= ImplicitKind.GetAll and <= ImplicitKind.GetAllRecordsWhere } entry
        && fields.CountOf(entry.Class) > DispatchLimits.ShortReadRows;

    /// <summary>The calls' part of the page for Prometheus.</summary>
    internal void WriteMetrics(MetricsText page)
    {
        services.Calls.Write(page);
        page.Gauge("xapi_pending_tasks", "Asynchronous calls that have not ended.", Volatile.Read(ref pending));
    }

    /// <summary>Raises nothing: whatever happens becomes a reply.</summary>
    internal async ValueTask<DispatchReply> RunAsync(string method, ImmutableArray<Value> parameters, RequestOrigin origin)
    {
        MethodName name = MethodName.Parse(method);
        if (services.Emergency is { } emergency && !EmergencyCalls.Contains(name.Name))
        {
            return DispatchReply.Failure(emergency) with { IsUnread = true };
        }

        try
        {
            return await RouteAsync(method, name, parameters, origin).ConfigureAwait(false);
        }
        catch (Exception raised) // the loop that owns the call: mapped to the failure its caller sees
        {
            return DispatchReply.Failure(ErrorMapper.Map(raised, method, Ref<task>.Null.ToString(), services.Stopping.IsCancellationRequested, logger));
        }
    }

    private async ValueTask<DispatchReply> RouteAsync(string method, MethodName name, ImmutableArray<Value> parameters, RequestOrigin origin)
    {
        if (name.Name == "system.listMethods")
        {
            return DispatchReply.Bare(new MessageResult(table.WriteNames));
        }

        if (name.Name.StartsWith("system.isAlive:", StringComparison.Ordinal))
        {
            return DispatchReply.Success(MessageResult.From(parameters.Length > 0 ? parameters[0] : Value.Empty));
        }

        if (table.Find(name.Name) is not { } entry)
        {
            return await RunExtensionAsync(name.Name, parameters, origin).ConfigureAwait(false);
        }

        ImmutableArray<Value> arguments = Arity.Check(entry, parameters);
        if (name.Mode != CallMode.Sync && !entry.Async)
        {
            throw new XenApiError("Fault", $"No async mode for this operation (rpc: {method})");
        }

        SessionInfo session = await AuthoriseAsync(entry, parameters, arguments, origin).ConfigureAwait(false);
        return await StartAsync(entry, name, method, arguments, session, origin).ConfigureAwait(false);
    }

    /// <summary>A message that XenAPI does not have may be an extension's. With arguments, the first is the caller's session and is looked at
    /// first. Raises MESSAGE_METHOD_UNKNOWN [method].</summary>
    private async ValueTask<DispatchReply> RunExtensionAsync(string name, ImmutableArray<Value> parameters, RequestOrigin origin)
    {
        if (parameters.Length > 0)
        {
            SessionInfo session = await services.Sessions.CheckAsync(parameters[0].AsString(), origin.Aborted).ConfigureAwait(false);
            if (services.Scripts.Extension(name) is { } path)
            {
                RoleCheck.Assert(session, table.Find("host.call_extension")!, []);
                Audit(name, session, null, allowed: true);
                return DispatchReply.Success(MessageResult.From(
                    await services.Scripts.RunExtensionAsync(path, name, parameters, origin.Aborted).ConfigureAwait(false)));
            }
        }

        throw new XenApiError("MESSAGE_METHOD_UNKNOWN", name);
    }

    private async ValueTask<SessionInfo> AuthoriseAsync(
        MessageEntry entry, ImmutableArray<Value> parameters, ImmutableArray<Value> arguments, RequestOrigin origin)
    {
        if (!entry.Session)
        {
            return SessionInfo.None;
        }

        SessionInfo session = await services.Sessions.CheckAsync(parameters[0].AsString(), origin.Aborted).ConfigureAwait(false);
        if (!session.IsPool && !session.IsLocal && !services.Identity.IsCoordinator)
        {
            throw new XenApiError("HOST_IS_SLAVE", services.Identity.CoordinatorAddress);
        }

        if (entry.PoolInternal && !session.IsPool)
        {
            throw new XenApiError("INTERNAL_ERROR", $"{entry.FullName} is for the hosts of a pool only");
        }

        if (entry.Removed)
        {
            throw new XenApiError("MESSAGE_REMOVED");
        }

        try
        {
            RoleCheck.Assert(session, entry, arguments);
        }
        catch (XenApiError denied)
        {
            Audit(entry.FullName, session, denied, allowed: false);
            throw;
        }

        return session;
    }

    private async ValueTask<DispatchReply> StartAsync(
        MessageEntry entry, MethodName name, string method, ImmutableArray<Value> arguments, SessionInfo session, RequestOrigin origin)
    {
        bool forwarded = origin.TaskHeader is not null && name.Mode != CallMode.InternalAsync && session.IsPool;

        // A session of this host alone is for when there may be no database to keep a task in.
        bool makesTask = entry.MakesTask && !forwarded && (!session.IsLocal || name.Mode != CallMode.Sync);
        if (name.Mode != CallMode.Sync && Volatile.Read(ref pending) >= DispatchLimits.MaxPendingTasks)
        {
            throw new XenApiError("TOO_MANY_PENDING_TASKS");
        }

        Ref<task> self = forwarded ? new Ref<task>(origin.TaskHeader!)
            : makesTask ? await services.Tasks.CreateAsync(method, "", session.Self, origin, durable: name.Mode != CallMode.Sync, services.Stopping).ConfigureAwait(false)
            : TaskService.Dummy(method);
        var running = new RunningCall(entry, method, arguments, session, origin, self, forwarded, makesTask);
        if (name.Mode == CallMode.Sync)
        {
            return await RunCallAsync(running, destroyTask: makesTask).ConfigureAwait(false);
        }

        Interlocked.Increment(ref pending);
        _ = Task.Run(async () =>
        {
            await RunCallAsync(running, destroyTask: false).ConfigureAwait(false);
            Interlocked.Decrement(ref pending);
        });
        return DispatchReply.Success(new MessageResult(w => w.String(self.ToString())));
    }

    private sealed record RunningCall(
        MessageEntry Entry, string Method, ImmutableArray<Value> Arguments, SessionInfo Session, RequestOrigin Origin, Ref<task> Self, bool Forwarded, bool OwnsTask);

    private async ValueTask<DispatchReply> RunCallAsync(RunningCall running, bool destroyTask)
    {
        // A client that leaves ends only a wait for events: what it started otherwise goes on.
        CancellationToken aborted = running.Entry.Class.Name == "event" ? running.Origin.Aborted : CancellationToken.None;

        // A read of rows is over before anyone could cancel it.
        CancellationTokenSource? source = running.Entry.Implicit is { IsRead: true } ? null : services.Tasks.Registry.Register(running.Self, services.Stopping, aborted);
        using Activity? span = Spans.Serve(running.Method, running.Origin.TraceParent)?.SetTag("task", running.Self.ToString());
        LogScope.Enter(new LogScope(running.OwnsTask || running.Forwarded ? running.Self.ToString() : null, running.Session.Self.ToString()));
        long began = Stopwatch.GetTimestamp();
        DispatchReply reply;
        try
        {
            CallContext call = Context(running, source?.Token ?? services.Stopping);
            MessageResult result = await InvokeAsync(call, running).ConfigureAwait(false);
            reply = DispatchReply.Success(result);
        }
        catch (Exception raised) // the loop that owns the call: mapped to the failure its caller sees
        {
            reply = DispatchReply.Failure(
                ErrorMapper.Map(raised, running.Method, running.Self.ToString(), services.Stopping.IsCancellationRequested, logger));
        }
        finally
        {
            if (source is not null)
            {
                services.Tasks.Registry.Remove(running.Self, source);
            }
        }

        services.Calls.Ended(running.Entry.FullName, Stopwatch.GetElapsedTime(began), failed: reply.Error is not null);
        if (reply.Error is { } failure)
        {
            span?.SetStatus(ActivityStatusCode.Error, failure.Code);
        }

        if (running.OwnsTask)
        {
            await RecordAsync(running.Self, reply, destroyTask).ConfigureAwait(false);
        }

        if (IsNoted(running.Entry))
        {
            Audit(running.Method, running.Session, reply.Error, allowed: true);
        }

        Log.Called(logger, running.Method, running.Session.UserName, reply.Error?.Code ?? "Success");
        return reply;
    }

    private CallContext Context(RunningCall running, CancellationToken cancel) => new()
    {
        Services = services,
        Method = running.Entry.FullName,
        Session = running.Session.Self,
        Task = running.Self,
        HasDatabaseTask = running.OwnsTask || running.Forwarded,
        IsForwarded = running.Forwarded,
        IsLocalRoot = running.Origin.IsLocalRoot,
        Client = running.Origin.Client,
        IsSuperuser = running.Session.IsSuperuser,
        IsPoolSession = running.Session.IsPool,
        UserName = running.Session.UserName,
        UserSid = running.Session.UserSid,
        CancellationSource = cancel,
    };

    private ValueTask<MessageResult> InvokeAsync(CallContext call, RunningCall running)
    {
        if (!MayChange(running))
        {
            throw new XenApiError("INTERNAL_ERROR", "a session of a database file can only read records, and log out");
        }

        if (running.Entry.Message is not { } message)
        {
            return fields.RunAsync(call, running.Entry, running.Arguments);
        }

        if (!implementations.TryGetValue(message.Class, out object? implementation))
        {
            throw new XenApiError("NOT_IMPLEMENTED", message.FullName);
        }

        // A member runs what it is sent: the coordinator has chosen the host and holds the locks.
        return services.Runner is { } runner && services.Identity.IsCoordinator && !running.Forwarded
            ? runner.RunAsync(call, message, running.Arguments, implementation)
            : message.Invoke(implementation, call, running.Arguments);
    }

    /// <summary>False for what is more than reading by a session that has no pool behind it.</summary>
    private bool MayChange(RunningCall running) =>
        services.Sessions.Files.Find(running.Session.Self.ToString()) is null || running.Entry.Implicit is { IsRead: true }
        || running.Entry.FullName == "session.logout";

    /// <summary>Whoever only looks leaves no trace in the audit log.</summary>
    private static bool IsNoted(MessageEntry entry) =>
        entry.Implicit is { } implied ? !implied.IsRead : !entry.PoolInternal && entry.Class.Name != "event" && !entry.Message!.Name.StartsWith("get_", StringComparison.Ordinal);

    private void Audit(string method, SessionInfo session, XenApiError? error, bool allowed) =>
        services.Audit?.Note(LogScope.TrackOf(session.Self.ToString()), session.UserName, session.UserSid, allowed, error?.Code ?? "OK", "API", method);

    /// <summary>The row of a synchronous call's task has served once the call returns.</summary>
    private async ValueTask RecordAsync(Ref<task> self, DispatchReply reply, bool destroy)
    {
        try
        {
            if (destroy)
            {
                await services.Tasks.DestroyAsync(self, CancellationToken.None).ConfigureAwait(false);
            }
            else
            {
                await services.Tasks.CompleteAsync(self, reply.Result, reply.Error, CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (Exception error) // the loop that owns the call: it has ended whether or not that could be written down
        {
            Log.TaskNotRecorded(logger, self.ToString(), error);
        }
    }
}
