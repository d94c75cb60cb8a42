using Toolstack.Interop.Linux;

namespace Toolstack.XenSimulator.Memory;

/// <summary>
/// Memory of small guests that are gone, scrubbed for guests to come, as a hypervisor keeps its frames: fresh ones cost a fault each, and taking them
/// apart costs as much again. Memory that another process may have mapped never comes here.
/// </summary>
internal sealed class SpareMemory : IDisposable
{
    private readonly Lock gate = new();
    private readonly List<SharedMemory> kept = [];
    private bool ended;

    /// <summary>Memory of that length that reads as zero; null when there is none.</summary>
    public SharedMemory? TryTake(long bytes)
    {
        lock (gate)
        {
            var found = kept.FindLastIndex(memory => memory.Length == bytes);
            if (found < 0)
            {
                return null;
            }

            var memory = kept[found];
            kept.RemoveAt(found);
            return memory;
        }
    }

    /// <summary>Nobody uses it any more.</summary>
    public void GiveBack(SharedMemory memory)
    {
        if (memory.AllocatedBytes() > MemoryLimits.SpareBytes)
        {
            memory.DisposeLater();
            return;
        }

        Scrub(memory);
        SharedMemory? oldest = null;
        lock (gate)
        {
            kept.Add(memory);
            if (ended || kept.Count > MemoryLimits.Spares)
            {
                oldest = kept[0];
                kept.RemoveAt(0);
            }
        }

        oldest?.Dispose();
    }

    public void Dispose()
    {
        lock (gate)
        {
            ended = true;
            kept.ForEach(static memory => memory.Dispose());
            kept.Clear();
        }
    }

    private static void Scrub(SharedMemory memory)
    {
        for (var at = memory.NextData(0); at < memory.Length; at = memory.NextData(at))
        {
            // Not more than SpareBytes in all, so each run fits.
            var end = memory.NextHole(at);
            memory.Bytes(at, (int)(end - at)).Clear();
            at = end;
        }
    }
}
