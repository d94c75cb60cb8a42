namespace Toolstack.Xapi.Dispatch;

/// <summary>The limits of the dispatcher in one place.</summary>
internal static class DispatchLimits
{
    /// <summary>Asynchronous calls that may run at a time; one more raises TOO_MANY_PENDING_TASKS.</summary>
    internal const int MaxPendingTasks = 2000;

    /// <summary>Results of more rows are written a part at a time.</summary>
    internal const int ShortResultRows = 8;

    /// <summary>Reads of classes with more rows take their turn among long reads.</summary>
    internal const int ShortReadRows = 64;
}
