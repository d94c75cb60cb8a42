using Toolstack.Interop.Linux;

namespace Toolstack.Hosting;

/// <summary>
/// Memory that the start or a busy phase left behind goes back to the system once the daemon is quiet, that is, once no collection has
/// happened for <see cref="HostingLimits.QuietTime"/>. Collecting everything takes some ten milliseconds, more with a large heap: who works in
/// bursts pays for it once in <see cref="HostingLimits.GiveBackInterval"/>.
/// No clock runs meanwhile: the first collection after that, which says that the daemon has work again, starts it.
/// </summary>
internal sealed class SpareMemory : IDisposable
{
    private static long timesGivenBack;

    private readonly Lock gate = new();
    private readonly Timer timer;
    private int collections = GC.CollectionCount(0);
    private long nextTime = Environment.TickCount64;
    private bool stopped;

    private SpareMemory() => timer = new Timer(static self => ((SpareMemory)self!).Look(), this, Timeout.Infinite, Timeout.Infinite);

    /// <summary>How often memory was given back by this process.</summary>
    internal static long TimesGivenBack => Interlocked.Read(ref timesGivenBack);

    /// <summary>Gives memory back whenever the daemon becomes quiet, for the first time when it stays so from now on.</summary>
    internal static SpareMemory Watch()
    {
        var memory = new SpareMemory();
        memory.LookIn(HostingLimits.QuietTime);
        return memory;
    }

    public void Dispose()
    {
        lock (gate)
        {
            stopped = true;
            timer.Dispose();
        }
    }

    private void LookIn(TimeSpan time)
    {
        lock (gate)
        {
            if (!stopped)
            {
                timer.Change(time, Timeout.InfiniteTimeSpan);
            }
        }
    }

    private void Look()
    {
        var now = GC.CollectionCount(0);
        if (now != collections)
        {
            collections = now;
            LookIn(HostingLimits.QuietTime);
            return;
        }

        if (nextTime - Environment.TickCount64 is > 0 and var early)
        {
            LookIn(TimeSpan.FromMilliseconds(early));
            return;
        }

        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        ProcessMemory.ReleaseFreed();
        ProcessMemory.ReleaseProgram();
        collections = GC.CollectionCount(0);
        nextTime = Environment.TickCount64 + (long)HostingLimits.GiveBackInterval.TotalMilliseconds;
        Interlocked.Increment(ref timesGivenBack);
        _ = new Sentinel(this);
    }

    /// <summary>Held by nobody, so that the next collection finds it.</summary>
    private sealed class Sentinel(SpareMemory owner)
    {
        ~Sentinel() => owner.LookIn(HostingLimits.QuietTime);
    }
}
