namespace Toolstack.Interop.Xen.Memory;

/// <summary>
/// Windows that are done with, while the guest behind them, or its copy on this host, stands still: taking a guest's memory apart takes many times
/// longer than what is left to be done before it runs, and keeps every other thread from mapping anything meanwhile. It begins when the domain is
/// unpaused, resumed or destroyed, on a thread that gives way to all others. Safe for any thread.
/// </summary>
internal static class LateUnmapping
{
    /// <summary>A guest that is left paused has its memory taken apart all the same.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private static readonly Lock Gate = new();
    private static readonly Dictionary<int, Pending> Waiting = [];

    /// <summary>The window is nobody else's any more.</summary>
    public static void Add(ForeignWindow window, int domid)
    {
        lock (Gate)
        {
            if (!Waiting.TryGetValue(domid, out var pending))
            {
                pending = new Pending(new Timer(static domid => Begin((int)domid!), domid, Patience, Timeout.InfiniteTimeSpan), []);
                Waiting.Add(domid, pending);
            }

            pending.Windows.Add(window);
        }
    }

    /// <summary>Nobody waits for the domain any more. Nothing when it has no windows.</summary>
    public static void Begin(int domid)
    {
        Pending? pending;
        lock (Gate)
        {
            if (!Waiting.Remove(domid, out pending))
            {
                return;
            }
        }

        pending.Patience.Dispose();
        Thread thread = new(() => pending.Windows.ForEach(static window => window.UnmapAndDispose())) { Name = "unmapping", IsBackground = true };
        thread.Start();
    }

    private sealed record Pending(Timer Patience, List<ForeignWindow> Windows);
}
