namespace Toolstack.Xapi.Dispatch;

/// <summary>What the transport knows of a request besides method and parameters.</summary>
/// <param name="IsLocalRoot">It came over the Unix socket.</param>
/// <param name="TaskHeader">The task the caller runs it under (header <c>task-id</c>).</param>
/// <param name="ParentTaskHeader">The parent of the task that is made for it (header <c>subtask-of</c>).</param>
/// <param name="TaskConfig">Entries for the other_config of that task (headers <c>x-http-other-config-*</c>).</param>
/// <param name="Aborted">Cancelled when the client goes away.</param>
/// <param name="Client">The address of the client; empty for the Unix socket.</param>
internal sealed record RequestOrigin(
    bool IsLocalRoot,
    string? TaskHeader,
    string? ParentTaskHeader,
    IReadOnlyList<KeyValuePair<string, string>> TaskConfig,
    CancellationToken Aborted,
    string Client = "")
{
    /// <summary>The client's place in a distributed trace (header <c>traceparent</c>), if he has one.</summary>
    internal string? TraceParent { get; init; }

    /// <summary>A call of the daemon itself.</summary>
    internal static RequestOrigin Internal { get; } = new(true, null, null, [], CancellationToken.None);
}
