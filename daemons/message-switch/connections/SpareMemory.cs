namespace Toolstack.MessageSwitch;

/// <summary>Memory that a busy phase left behind. It is given back to the system when a connection ends: no timer looks for it.</summary>
internal static class SpareMemory
{
    private const long ManyBytes = 8L * 1024 * 1024;
    private const long PauseMilliseconds = 10_000;

    private static long last = -PauseMilliseconds;

    /// <summary>Collects everything, which takes some ten milliseconds, if much is held and this was not done just now.</summary>
    internal static void GiveBack()
    {
        var now = Environment.TickCount64;
        var before = Volatile.Read(ref last);
        if (GC.GetGCMemoryInfo().TotalCommittedBytes > ManyBytes && now - before >= PauseMilliseconds
            && Interlocked.CompareExchange(ref last, now, before) == before)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        }
    }
}
