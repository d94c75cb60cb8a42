using System.Globalization;
using Microsoft.Extensions.Logging;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Devices;

/// <summary>The drivers of domain 0: find the devices that a toolstack makes below the directory of back ends, and serve each until its
/// end. <paramref name="store"/> has the rights of domain 0.</summary>
internal sealed class Backends(XenstoreClient store, GrantTables grants, ILogger logger)
{
    private const string Root = "/local/domain/0/backend";

    private readonly DeviceSet running = new();

    /// <summary>Serves until it is cancelled or the store is gone.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        var watch = await store.WatchAsync(Root, cancel).ConfigureAwait(false);
        await using (watch.ConfigureAwait(false))
        {
            await foreach (var path in watch.Events.ReadAllAsync(cancel).ConfigureAwait(false))
            {
                if (path == Root)
                {
                    await StartAllAsync(cancel).ConfigureAwait(false);
                }
                else if (path[Root.Length..].Split('/') is ["", var kind, var domain, var device, ..])
                {
                    Start(kind, domain, device, cancel);
                }
            }
        }

        await running.EndedAsync().ConfigureAwait(false);
    }

    /// <summary>The event of the root itself stands for whatever happened before the watch, or while there were too many events.</summary>
    private async Task StartAllAsync(CancellationToken cancel)
    {
        foreach (var kind in await store.DirectoryAsync(Root, cancel).ConfigureAwait(false))
        {
            foreach (var domain in await store.DirectoryAsync($"{Root}/{kind}", cancel).ConfigureAwait(false))
            {
                foreach (var device in await store.DirectoryAsync($"{Root}/{kind}/{domain}", cancel).ConfigureAwait(false))
                {
                    Start(kind, domain, device, cancel);
                }
            }
        }
    }

    private void Start(string kind, string domain, string device, CancellationToken cancel)
    {
        if (kind is "vbd" or "vbd3" or "vif"
            && int.TryParse(domain, NumberStyles.None, CultureInfo.InvariantCulture, out var domid)
            && int.TryParse(device, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
        {
            running.Start($"{kind}/{domid}/{id}", () => ServeAsync(kind, domid, id, cancel));
        }
    }

    private async Task ServeAsync(string kind, int domid, int id, CancellationToken cancel)
    {
        var path = string.Create(CultureInfo.InvariantCulture, $"{Root}/{kind}/{domid}/{id}");
        BackendDevice device = kind == "vif" ? new NetworkBackend(store, path, domid, id) : new BlockBackend(store, grants, path, domid, id);
        try
        {
            await device.RunAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception error) when (error is XenstoreError or OperationCanceledException)
        {
            if (!cancel.IsCancellationRequested)
            {
                Log.DeviceFailed(logger, path, error.Message);
            }
        }
    }
}
