namespace Toolstack.XenSimulator.Devices;

/// <summary>Devices that are being served, each once at a time.</summary>
internal sealed class DeviceSet
{
    private sealed class Entry
    {
        internal Task Task { get; set; } = Task.CompletedTask;

        internal bool Again { get; set; }
    }

    private readonly Lock gate = new();
    private readonly Dictionary<string, Entry> running = new(StringComparer.Ordinal);

    /// <summary>Serves a device; when it is served already, looks at it once more after that, since it may have been made anew.</summary>
    internal void Start(string name, Func<Task> serve)
    {
        lock (gate)
        {
            if (running.TryGetValue(name, out var known))
            {
                known.Again = true;
                return;
            }

            var entry = new Entry();
            running.Add(name, entry);
            entry.Task = Task.Run(() => ServeAsync(name, entry, serve));
        }
    }

    internal Task EndedAsync()
    {
        lock (gate)
        {
            return Task.WhenAll(running.Values.Select(entry => entry.Task));
        }
    }

    private async Task ServeAsync(string name, Entry entry, Func<Task> serve)
    {
        while (true)
        {
            await serve().ConfigureAwait(false);
            lock (gate)
            {
                if (!entry.Again)
                {
                    running.Remove(name);
                    return;
                }

                entry.Again = false;
            }
        }
    }
}
