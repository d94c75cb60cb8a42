using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Access;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Sessions;

namespace Toolstack.Xapi.Tasks;

/// <summary>The messages of class task.</summary>
internal sealed class TaskMessages : taskMessages
{
    /// <summary>How long the other host may take to pass a cancellation on.</summary>
    private static readonly TimeSpan CancelDeadline = TimeSpan.FromSeconds(30);

    /// <summary>A task that its client completes itself, as for a transfer over HTTP.</summary>
    public override async Task<Ref<task>> create(Call call, string label, string description)
    {
        var context = (CallContext)call;
        return await context.Services.Tasks.CreateAsync(label, description, context.Session, RequestOrigin.Internal, durable: true, call.Cancellation).ConfigureAwait(false);
    }

    public override async Task destroy(Call call, Ref<task> self)
    {
        var context = (CallContext)call;
        task row = await context.Database.Get(self, call.Cancellation).ConfigureAwait(false);
        await AssertOwnerAsync(context, row).ConfigureAwait(false);
        if (row.status != task_status_type.pending || !context.Services.Tasks.Registry.IsRunning(self))
        {
            await context.Database.Destroy(self, call.Cancellation).ConfigureAwait(false);
            return;
        }

        // Somebody still works under it; it is collected once it is complete.
        await context.Database.Update(
            self, r => r with { current_operations = r.current_operations.SetItem(call.TaskRef, task_allowed_operations.destroy) }, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>Cancels where the work is done. Work that was sent to another host is cancelled there only: this side goes on waiting for
    /// its end, because the locks are held until then.</summary>
    public override async Task cancel(Call call, Ref<task> task)
    {
        var context = (CallContext)call;
        task row = await context.Database.Get(task, call.Cancellation).ConfigureAwait(false);
        await AssertOwnerAsync(context, row).ConfigureAwait(false);
        if (row.status != task_status_type.pending)
        {
            return;
        }

        if (context.Identity.IsCoordinator)
        {
            row = await context.Database.Update(
                task, r => r with { current_operations = r.current_operations.SetItem(call.TaskRef, task_allowed_operations.cancel) }, call.Cancellation).ConfigureAwait(false);
        }

        if (!IsElsewhere(context, row))
        {
            context.Services.Tasks.Registry.Cancel(task);
            row = await context.Database.Find(task, call.Cancellation).ConfigureAwait(false) ?? row;
        }

        // Looked at again: the work may have been sent away between the first look and the cancel.
        if (IsElsewhere(context, row))
        {
            await context.Services.Client.CallHostAsync(
                context.Database, row.forwarded_to, "task.cancel", [new Value.Text(task.ToString())], null, CancelDeadline, call.Cancellation).ConfigureAwait(false);
        }
    }

    public override Task set_progress(Call call, Ref<task> self, double value) => ChangeAsync(call, self, r => r with { progress = value });

    public override Task set_result(Call call, Ref<task> self, string value) => ChangeAsync(call, self, r => r with { result = value });

    public override Task set_error_info(Call call, Ref<task> self, ImmutableArray<string> value) => ChangeAsync(call, self, r => r with { error_info = value });

    public override Task set_status(Call call, Ref<task> self, task_status_type value) => ChangeAsync(call, self, r =>
        value == task_status_type.pending ? r : r with { status = value, finished = DateTimeOffset.UtcNow, allowed_operations = [] });

    private static async Task ChangeAsync(Call call, Ref<task> self, Func<task, task> change)
    {
        var context = (CallContext)call;
        await context.Database.Get(self, call.Cancellation).ConfigureAwait(false);
        await context.Services.Tasks.ChangeIfPendingAsync(self, change, call.Cancellation).ConfigureAwait(false);
    }

    private static bool IsElsewhere(CallContext context, task row) =>
        context.Identity.IsCoordinator && !row.forwarded_to.IsNull && row.forwarded_to != context.Identity.Localhost;

    /// <summary>One's own tasks, or with the permission to destroy any. Raises RBAC_PERMISSION_DENIED [permission; text].</summary>
    private static async ValueTask AssertOwnerAsync(CallContext context, task row)
    {
        if (context.IsSuperuser || context.IsPoolSession)
        {
            return;
        }

        session? owner = await context.Database.Find(row.session, context.Cancellation).ConfigureAwait(false);
        SessionInfo? caller = await context.Services.Sessions.FindAsync(context.SessionRef, context.Cancellation).ConfigureAwait(false);
        if (caller is null || ((owner is null || owner.auth_user_sid != caller.UserSid) && !caller.May(Permissions.DestroyAnyTask)))
        {
            throw Permissions.Denied(Permissions.DestroyAnyTask, Roles.Allowed(Role.PoolOperator, []));
        }
    }
}
