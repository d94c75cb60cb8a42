using Toolstack.Idl;

namespace Toolstack.Xapi.Database;

/// <summary>Holding the database still, so that another host takes over exactly what clients were told had succeeded.</summary>
public sealed partial class LocalDatabase
{
    /// <summary>What need not be handed over: it ends with this coordinator.</summary>
    private static readonly string[] NeverHeld = ["task", "session"];

    private TaskCompletionSource? held;

    /// <summary>From its return no row changes, but for tasks and sessions, until <see cref="Release"/>: who wants to change one waits.</summary>
    internal void Hold()
    {
        lock (gate)
        {
            held ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Lets changes through again; those that waited first.</summary>
    internal void Release()
    {
        TaskCompletionSource? over;
        lock (gate)
        {
            (over, held) = (held, null);
        }

        over?.TrySetResult();
    }

    private bool IsHeld(XenClass c) => held is not null && !NeverHeld.Contains(c.Name);
}
