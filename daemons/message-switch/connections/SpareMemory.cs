namespace Toolstack.MessageSwitch;

/// <summary>Memory that a busy phase left behind. It is given back to the system when a connection ends, or once some seconds later if that was
/// done just now: no timer looks for it again and again.</summary>
internal static class SpareMemory
{
    private const long ManyBytes = 8L * 1024 * 1024;
    private const long ManyResidentBytes = 12L * 1024 * 1024;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private static long last = -(long)Pause.TotalMilliseconds;
    private static bool waiting;

    /// <summary>Collects everything, which takes some ten milliseconds, if much is held.</summary>
    internal static void GiveBack()
    {
        // The one figure is as old as the last collection, the other counts what is no heap.
        if (GC.GetGCMemoryInfo().TotalCommittedBytes <= ManyBytes && Environment.WorkingSet <= ManyResidentBytes)
        {
            return;
        }

        var now = Environment.TickCount64;
        var before = Volatile.Read(ref last);
        if (now - before < Pause.TotalMilliseconds)
        {
            if (!Interlocked.Exchange(ref waiting, true))
            {
                _ = LaterAsync();
            }
        }
        else if (Interlocked.CompareExchange(ref last, now, before) == before)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }

    private static async Task LaterAsync()
    {
        await Task.Delay(Pause).ConfigureAwait(false);
        Volatile.Write(ref waiting, false);
        GiveBack();
    }
}
