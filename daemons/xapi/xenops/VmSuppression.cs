namespace Toolstack.Xapi.Xenops;

/// <summary>Which VMs' updates are not to reach the database for now, because an operation passes them through states that the database
/// must not see, and the lock that lets one writer at a time bring a VM's row up to date.</summary>
internal sealed class VmSuppression
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>Enters a suppression; they nest.</summary>
    public void Enter(string vm)
    {
        lock (gate)
        {
            Take(vm).Suppressed++;
        }
    }

    /// <summary>Leaves one; true when it was the outermost, after which the caller refreshes the VM.</summary>
    public bool Leave(string vm)
    {
        lock (gate)
        {
            Entry entry = entries[vm];
            entry.Suppressed--;
            bool outermost = entry.Suppressed == 0;
            Drop(vm, entry);
            return outermost;
        }
    }

    public bool IsSuppressed(string vm)
    {
        lock (gate)
        {
            return entries.TryGetValue(vm, out Entry? entry) && entry.Suppressed > 0;
        }
    }

    /// <summary>Runs <paramref name="work"/> while no other writer works on the VM's row.</summary>
    public async Task SerializeAsync(string vm, Func<Task> work, CancellationToken cancel)
    {
        Entry entry;
        lock (gate)
        {
            entry = Take(vm);
        }

        try
        {
            await entry.Turn.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                await work().ConfigureAwait(false);
            }
            finally
            {
                entry.Turn.Release();
            }
        }
        finally
        {
            lock (gate)
            {
                Drop(vm, entry);
            }
        }
    }

    private Entry Take(string vm)
    {
        if (!entries.TryGetValue(vm, out Entry? entry))
        {
            entries.Add(vm, entry = new Entry());
        }

        entry.Users++;
        return entry;
    }

    private void Drop(string vm, Entry entry)
    {
        if (--entry.Users == 0)
        {
            entries.Remove(vm);
            entry.Turn.Dispose();
        }
    }

    private sealed class Entry
    {
        public SemaphoreSlim Turn { get; } = new(1, 1);

        public int Users { get; set; }

        public int Suppressed { get; set; }
    }
}
