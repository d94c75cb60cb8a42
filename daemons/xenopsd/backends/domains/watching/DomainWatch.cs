using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Devices;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Watching;

/// <summary>Who is told of changes.</summary>
internal interface IDomainObserver
{
    void DomainChanged(DomainEntry entry);

    /// <summary>What is seen of the guest changed; nothing is asked for.</summary>
    void ViewChanged(DomainEntry entry);

    void DeviceChanged(DynamicId device);

    /// <summary>The guest can give memory back from now on, or asks to be looked at.</summary>
    void BalloonChanged(DomainEntry entry);
}

/// <summary>Watches one domain's tree, and the back ends of its devices once it has any, and keeps the <see cref="DomainEntry"/> as the
/// tree is. Events that come together are told once.</summary>
internal sealed class DomainWatch : IAsyncDisposable
{
    /// <summary>Keys of a back end that say something about the device's state.</summary>
    private static readonly string[] BackendKeys = ["kthread-pid", "tapdisk-pid", "shutdown-done", "hotplug-status", "params"];

    /// <summary>Requests to the guest and its answers: whoever asks waits for them.</summary>
    private static readonly string[] Ignored = [StoreKeys.Shutdown, "control/batcmd"];

    private bool disposed;
    private readonly CancellationTokenSource stopping = new();
    private readonly Lock gate = new();
    private readonly XenstoreClient store;
    private readonly DomainEntry entry;
    private readonly IDomainObserver observer;
    private readonly ILogger logger;
    private readonly HashSet<string> backends = [];
    private readonly List<Task> running = [];
    private readonly List<XenstoreWatch> watches = [];

    private DomainWatch(XenstoreClient store, DomainEntry entry, IDomainObserver observer, ILogger logger)
    {
        this.store = store;
        this.entry = entry;
        this.observer = observer;
        this.logger = logger;
    }

    /// <summary>Sets the watch; what changes from here on is told.</summary>
    public static async Task<DomainWatch> StartAsync(
        XenstoreClient store, DomainEntry entry, IDomainObserver observer, ILogger logger, CancellationToken cancel)
    {
        DomainWatch watch = new(store, entry, observer, logger);
        await watch.AddAsync(StorePaths.Domain(entry.Domid), watch.OnDomainAsync, cancel).ConfigureAwait(false);
        return watch;
    }

    /// <summary>Watches the back ends of one kind too. Nothing when they are watched.</summary>
    public async Task WatchBackendsAsync(string kind, CancellationToken cancel)
    {
        lock (gate)
        {
            if (!backends.Add(kind))
            {
                return;
            }
        }

        string root = DevicePaths.Backends(kind, entry.Domid);
        await AddAsync(root, (paths, _) => OnBackend(kind, root, paths), cancel).ConfigureAwait(false);
    }

    /// <summary>Safe to call again: the end of the domain and that of the backend may both come.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref disposed, true))
        {
            return;
        }

        await stopping.CancelAsync().ConfigureAwait(false);
        List<XenstoreWatch> set;
        List<Task> loops;
        lock (gate)
        {
            set = [.. watches];
            loops = [.. running];
        }

        await Task.WhenAll(set.Select(static w => w.DisposeAsync().AsTask())).ConfigureAwait(false);
        await Task.WhenAll(loops).ConfigureAwait(false);
        stopping.Dispose();
    }

    private async Task AddAsync(string path, Func<HashSet<string>, CancellationToken, Task> handle, CancellationToken cancel)
    {
        var watch = await store.WatchAsync(path, cancel).ConfigureAwait(false);
        lock (gate)
        {
            watches.Add(watch);
            running.Add(RunAsync(watch, handle));
        }
    }

    private async Task RunAsync(XenstoreWatch watch, Func<HashSet<string>, CancellationToken, Task> handle)
    {
        bool first = true;
        try
        {
            while (await watch.Events.WaitToReadAsync(stopping.Token).ConfigureAwait(false))
            {
                HashSet<string> paths = [];
                while (watch.Events.TryRead(out string? path))
                {
                    paths.Add(path);
                }

                // The first event of a watch says that it is set, not that something changed.
                if (first && paths.Remove(watch.Path) && paths.Count == 0)
                {
                    first = false;
                    continue;
                }

                first = false;
                await handle(paths, stopping.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException)
        {
            // The watch is no longer wanted.
        }
        catch (Exception error) when (error is XenstoreError or ChannelClosedException)
        {
            Log.WatchFailed(logger, watch.Path, error.Message);
        }
    }

    private async Task OnDomainAsync(HashSet<string> paths, CancellationToken cancel)
    {
        string root = StorePaths.Domain(entry.Domid) + "/";
        paths.RemoveWhere(p => Ignored.Any(i => p.StartsWith(root + i, StringComparison.Ordinal)));
        bool whole = paths.Contains(StorePaths.Domain(entry.Domid));
        bool Has(string key) => whole || paths.Contains(root + key);
        bool Below(string directory) => whole || paths.Any(p => p.StartsWith(root + directory, StringComparison.Ordinal));
        if (Has(StoreKeys.Uncooperative) || Has(StoreKeys.FeatureBalloon) || Has(StoreKeys.DataUpdated))
        {
            await ReadAsync(cancel).ConfigureAwait(false);
        }
        else if (Has(StoreKeys.ActionRequest))
        {
            await DomainReading.RefreshRequestAsync(store, entry, cancel).ConfigureAwait(false);
        }

        foreach (string path in paths)
        {
            if (path.StartsWith(root + "device/", StringComparison.Ordinal) && DeviceOf(path[(root.Length + "device/".Length)..]) is { } device)
            {
                observer.DeviceChanged(device);
            }
        }

        bool seen = GuestView.Directories.Any(Below) || Below("console/") || Below("vm-data") || Below("memory/");
        if (seen)
        {
            entry.ForgetObserved();
        }

        if (Has(StoreKeys.ActionRequest))
        {
            observer.DomainChanged(entry);
        }
        else if (seen)
        {
            observer.ViewChanged(entry);
        }
    }

    private Task OnBackend(string kind, string root, HashSet<string> paths)
    {
        foreach (string path in paths)
        {
            if (path.Length > root.Length && BackendKeys.Contains(path[(path.LastIndexOf('/') + 1)..])
                && DeviceOf(kind + path[root.Length..]) is { } device)
            {
                observer.DeviceChanged(device);
            }
        }

        return Task.CompletedTask;
    }

    /// <summary>The device of <c>vbd/51712/…</c>; null for one that is not known.</summary>
    private DynamicId? DeviceOf(string path)
    {
        string[] parts = path.Split('/');
        if (parts.Length < 2 || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out int id)
            || !entry.Devices.TryGetValue((parts[0], id), out string? name))
        {
            return null;
        }

        return parts[0] == VbdKeys.Kind ? new DynamicId.Vbd(entry.VmId, name) : new DynamicId.Vif(entry.VmId, name);
    }

    /// <summary>Brings the entry to what the tree says.</summary>
    private async Task ReadAsync(CancellationToken cancel)
    {
        bool ballooned = entry.Balloons;
        await DomainReading.RefreshAsync(store, entry, cancel).ConfigureAwait(false);
        if (entry.Balloons != ballooned)
        {
            observer.BalloonChanged(entry);
        }
    }
}
