using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>How far a task is: progress between 0 and 1, its result, or why it failed.</summary>
[WireVariant]
public abstract record TaskState
{
    private TaskState() { }

    public sealed record Pending(double progress) : TaskState;
    public sealed record Completed(TaskCompletion completion) : TaskState;
    public sealed record Failed(XenopsErrorValue error) : TaskState;
}

/// <summary>Duration in seconds; the result is text whose meaning the operation defines.</summary>
[WireType]
public sealed record TaskCompletion
{
    public double duration { get; init; }
    public string? result { get; init; }
}

/// <summary>A task of xenopsd (xenops protocol, <c>Task.t</c>). <c>ctime</c> in seconds since 1970.</summary>
[WireType]
public sealed record TaskInfo
{
    public required string id { get; init; }
    public string dbg { get; init; } = "";
    public double ctime { get; init; }
    public required TaskState state { get; init; }
    public ImmutableSortedDictionary<string, TaskState> subtasks { get; init; } = ImmutableSortedDictionary<string, TaskState>.Empty;
    public ImmutableSortedDictionary<string, string> debug_info { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public string backtrace { get; init; } = "()";
    public bool cancellable { get; init; } = true;
}
