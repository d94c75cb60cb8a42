using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Devices;

/// <summary>
/// The drivers of one guest: find the devices that a toolstack makes for it, and serve each until its end. The guest gives a device up
/// by itself when <c>vbd/ID</c> or <c>vif/ID</c> is written to its node <c>data/detach</c>.
/// </summary>
internal sealed class Frontends(XenstoreClient store, IDeviceGuest guest, GrantTables grants, DeviceFaults faults, ILogger logger)
{
    private readonly string root = string.Create(CultureInfo.InvariantCulture, $"/local/domain/{guest.Domid}/device");
    private readonly string detach = string.Create(CultureInfo.InvariantCulture, $"/local/domain/{guest.Domid}/data/detach");
    private readonly DeviceSet running = new();
    private readonly ConcurrentDictionary<string, FrontendDevice> devices = new(StringComparer.Ordinal);

    /// <summary>Serves until it is cancelled or the store is gone.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        var detaching = DetachAsync(cancel);
        var watch = await store.WatchAsync(root, cancel).ConfigureAwait(false);
        await using (watch.ConfigureAwait(false))
        {
            await foreach (var path in watch.Events.ReadAllAsync(cancel).ConfigureAwait(false))
            {
                if (path == root)
                {
                    await StartAllAsync(cancel).ConfigureAwait(false);
                }
                else if (path[root.Length..].Split('/') is ["", ("vbd" or "vif") and var kind, var id, ..])
                {
                    Start(kind, id, cancel);
                }
            }
        }

        await running.EndedAsync().ConfigureAwait(false);
        await detaching.ConfigureAwait(false);
    }

    /// <summary>The event of the root itself stands for whatever happened before the watch, or while there were too many events.</summary>
    private async Task StartAllAsync(CancellationToken cancel)
    {
        foreach (var kind in (string[])["vbd", "vif"])
        {
            foreach (var id in await store.DirectoryAsync($"{root}/{kind}", cancel).ConfigureAwait(false))
            {
                Start(kind, id, cancel);
            }
        }
    }

    private void Start(string kind, string id, CancellationToken cancel)
    {
        if (int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            running.Start($"{kind}/{id}", () => ServeAsync(kind, number, cancel));
        }
    }

    private async Task ServeAsync(string kind, int id, CancellationToken cancel)
    {
        FrontendDevice device = kind == "vif"
            ? new NetworkFrontend(store, guest, faults, id)
            : new BlockFrontend(store, guest, faults, grants, id);
        var name = string.Create(CultureInfo.InvariantCulture, $"{kind}/{id}");
        devices[name] = device;
        try
        {
            await device.RunAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (error is XenstoreError or OperationCanceledException)
        {
            if (!cancel.IsCancellationRequested)
            {
                Log.DeviceFailed(logger, $"{root}/{name}", error.Message);
            }
        }
        finally
        {
            devices.TryRemove(name, out _);
        }
    }

    private async Task DetachAsync(CancellationToken cancel)
    {
        var watch = await store.WatchAsync(detach, cancel).ConfigureAwait(false);
        await using (watch.ConfigureAwait(false))
        {
            await foreach (var _ in watch.Events.ReadAllAsync(cancel).ConfigureAwait(false))
            {
                await guest.UntilRunningAsync(cancel).ConfigureAwait(false);
                if (await WantedAsync(cancel).ConfigureAwait(false) is { } name && devices.TryGetValue(name, out var device))
                {
                    await store.RemoveAsync(detach, cancel).ConfigureAwait(false);
                    await device.DetachAsync(cancel).ConfigureAwait(false);
                }
            }
        }
    }

    private async Task<string?> WantedAsync(CancellationToken cancel)
    {
        try
        {
            return await store.ReadAsync(detach, cancel).ConfigureAwait(false);
        }
        catch (XenstoreError error) when (error.Name == XenstoreErrorName.EACCES)
        {
            return null;
        }
    }
}
