using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xapi.Datamodel;

/// <summary>A call under way or finished, for clients to watch, cancel and take the result of. Those that a client knows outlive a restart, so
/// that it learns what became of them.</summary>
[XenClass("task")]
public sealed partial record task : XenObject
{
    [Field(Qualifier.DynamicRO)]
    public string uuid { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "name__label", HasDefault = true)]
    public string name_label { get; init; } = "";

    [Field(Qualifier.DynamicRO, Column = "name__description", HasDefault = true)]
    public string name_description { get; init; } = "";

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableArray<task_allowed_operations> allowed_operations { get; init; } = [];

    [Field(Qualifier.DynamicRO, Persistent = false, HasDefault = true)]
    public ImmutableSortedDictionary<string, task_allowed_operations> current_operations { get; init; } = ImmutableSortedDictionary<string, task_allowed_operations>.Empty;

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset created { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO)]
    public DateTimeOffset finished { get; init; } = DateTimeOffset.UnixEpoch;

    [Field(Qualifier.DynamicRO)]
    public task_status_type status { get; init; }

    [Field(Qualifier.DynamicRO, Persistent = false)]
    public Ref<host> resident_on { get; init; } = Ref<host>.Null;

    [Field(Qualifier.DynamicRO, Persistent = false)]
    public double progress { get; init; }

    [Field(Qualifier.DynamicRO)]
    public string type { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public string result { get; init; } = "";

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<string> error_info { get; init; } = [];

    [Field(Qualifier.RW, HasDefault = true, GuardedKeys = ["applies_to:vm-operator", "XenCenterUUID:vm-operator", "XenCenterMeddlingActionTitle:vm-operator"])]
    public ImmutableSortedDictionary<string, string> other_config { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    [Field(Qualifier.DynamicRO, HasDefault = true, Inverse = "task.subtasks")]
    public Ref<task> subtask_of { get; init; } = Ref<task>.Null;

    [Field(Qualifier.DynamicRO)]
    public ImmutableArray<Ref<task>> subtasks { get; init; } = [];

    [Field(Qualifier.DynamicRO, HasDefault = true)]
    public string backtrace { get; init; } = "()";

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true, Persistent = false, Inverse = "session.tasks")]
    public Ref<session> session { get; init; } = Ref<session>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true, Persistent = false)]
    public bool forwarded { get; init; }

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true, Persistent = false)]
    public Ref<host> forwarded_to { get; init; } = Ref<host>.Null;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public long stunnelpid { get; init; } = -1;

    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public long externalpid { get; init; } = -1;

    /// <summary>Its caller has the reference; a synchronous call's task ends with the connection that waits for it.</summary>
    [Field(Qualifier.DynamicRO, HasDefault = true, Internal = true)]
    public bool durable { get; init; }

    public override bool IsTransient => !durable;
}

/// <summary>Operations of a task.</summary>
[WireType]
public enum task_allowed_operations
{
    cancel,
    destroy,
}

/// <summary>The states of a task; success, failure and cancelled are final.</summary>
[WireType]
public enum task_status_type
{
    pending,
    success,
    failure,
    cancelling,
    cancelled,
}

/// <summary>The explicit messages of task, with the policy of each.</summary>
[MessagesOf(typeof(task))]
public interface ItaskMessages
{
    [Message(Role.ReadOnly)]
    Task set_error_info(Call call, Ref<task> self, ImmutableArray<string> value);

    [Message(Role.ReadOnly)]
    Task set_result(Call call, Ref<task> self, string value);

    [Message(Role.ReadOnly)]
    Task set_progress(Call call, Ref<task> self, double value);

    [Message(Role.ReadOnly)]
    Task set_status(Call call, Ref<task> self, task_status_type value);

    [Message(Role.ReadOnly), Raises("OPERATION_NOT_ALLOWED")]
    Task cancel(Call call, Ref<task> task);

    [Message(Role.ReadOnly)]
    Task destroy(Call call, Ref<task> self);

    [Message(Role.ReadOnly)]
    Task<Ref<task>> create(Call call, string label, string description);
}
