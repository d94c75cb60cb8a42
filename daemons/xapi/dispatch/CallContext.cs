using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Dispatch;

/// <summary>The context of one call in xapi: who calls, under which task, on which database.</summary>
public sealed class CallContext : Call
{
    public required XapiServices Services { get; init; }

    public XapiDatabase Database => Services.Database;

    public HostIdentity Identity => Services.Identity;

    /// <summary>The full name of the message, without <c>Async.</c>.</summary>
    public required string Method { get; init; }

    /// <summary>The caller's session; the null reference for messages without one.</summary>
    public Ref<session> Session { get; init; } = Ref<session>.Null;

    public Ref<task> Task { get; init; } = Ref<task>.Null;

    /// <summary>False: <see cref="Task"/> is a name only (DummyRef), without a row.</summary>
    public bool HasDatabaseTask { get; init; }

    /// <summary>The coordinator sent this call under its task: the implementation runs here, without forwarding or locking.</summary>
    public bool IsForwarded { get; init; }

    /// <summary>The call came over the Unix socket, whose peer is root.</summary>
    public bool IsLocalRoot { get; init; }

    /// <summary>Where the call came from, for what is counted by client: an address, or empty for the Unix socket.</summary>
    public string Client { get; init; } = "";

    /// <summary>The session may do everything.</summary>
    public bool IsSuperuser { get; init; }

    /// <summary>The session belongs to another host of the pool.</summary>
    public bool IsPoolSession { get; init; }

    public string UserName { get; init; } = "";

    /// <summary>The identifier of the user in the directory service; empty for local users.</summary>
    public string UserSid { get; init; } = "";

    /// <summary>Cancelled by task.cancel and by the daemon's stop.</summary>
    public required CancellationToken CancellationSource { get; init; }

    public override string SessionRef => Session.ToString();

    public override string TaskRef => Task.ToString();

    public override CancellationToken Cancellation => CancellationSource;

    /// <summary>Records the progress of the task, 0 to 1; nothing for a call without a task in the database.</summary>
    public ValueTask ReportProgress(double progress) =>
        HasDatabaseTask ? Services.Tasks.ReportProgress(Task, progress, Cancellation) : ValueTask.CompletedTask;
}
