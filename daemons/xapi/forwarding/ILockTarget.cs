using Toolstack.Xapi.Database;

namespace Toolstack.Xapi.Forwarding;

/// <summary>How the objects of one class are locked: entering an operation in their current_operations, or taking it out.</summary>
internal interface ILockTarget
{
    /// <summary>Asserts that the operation is valid and enters it, in one change of the row. Raises what forbids it,
    /// OTHER_OPERATION_IN_PROGRESS if waiting may help, HANDLE_INVALID.</summary>
    ValueTask EnterAsync(XapiDatabase database, string reference, string operation, string task, bool strict, CancellationToken cancel);

    /// <summary>Takes the operation of the task out again; nothing when the object is gone.</summary>
    ValueTask LeaveAsync(XapiDatabase database, string reference, string task);

    /// <summary>The tasks whose operation is one of <paramref name="operations"/>.</summary>
    ValueTask<IReadOnlyList<string>> TasksOfAsync(XapiDatabase database, string reference, IReadOnlyCollection<string> operations, CancellationToken cancel);
}
