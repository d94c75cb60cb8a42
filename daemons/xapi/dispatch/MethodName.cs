namespace Toolstack.Xapi.Dispatch;

/// <summary>How a call wants its result.</summary>
internal enum CallMode
{
    /// <summary>When it is done.</summary>
    Sync,
    /// <summary><c>Async.</c>: a task at once.</summary>
    Async,
    /// <summary><c>InternalAsync.</c>: a task of its own at once, even when the caller names one.</summary>
    InternalAsync,
}

/// <summary>A method name of the wire, its prefix taken off.</summary>
internal readonly record struct MethodName(string Name, CallMode Mode)
{
    private const string Async = "Async.";
    private const string InternalAsync = "InternalAsync.";

    internal static MethodName Parse(string method) =>
        method.StartsWith(Async, StringComparison.Ordinal) ? new(method[Async.Length..], CallMode.Async)
        : method.StartsWith(InternalAsync, StringComparison.Ordinal) ? new(method[InternalAsync.Length..], CallMode.InternalAsync)
        : new(method, CallMode.Sync);
}
