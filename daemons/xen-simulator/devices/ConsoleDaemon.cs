using System.Globalization;
using Microsoft.Extensions.Logging;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Host;

namespace Toolstack.XenSimulator.Devices;

/// <summary>
/// Does what xenconsoled does: takes the console of every introduced domain that has <c>console/ring-ref</c> and <c>console/port</c> and
/// names no other <c>console/type</c>, writes its text to a file of its own, and the file's path to <c>console/tty</c>. The text goes with
/// the domain.
/// </summary>
internal sealed class ConsoleDaemon(SimulatedHost host, XenstoreClient store, string directory, ILogger logger)
{
    private readonly Dictionary<int, GuestConsole> consoles = [];
    private readonly ConsoleFiles files = new(directory);

    /// <summary>Serves until it is cancelled or the store is gone.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        try
        {
            await store.WaitUntilAsync(["@introduceDomain", "@releaseDomain"], ScanAsync, Timeout.InfiniteTimeSpan, cancel).ConfigureAwait(false);
        }
        finally
        {
            foreach (var console in consoles.Values)
            {
                console.Dispose();
            }

            files.Clear();
        }
    }

    private async Task<bool> ScanAsync(CancellationToken cancel)
    {
        foreach (var (domid, console) in consoles.Where(known => host.Find(known.Key) != known.Value.Domain).ToList())
        {
            console.Dispose();
            consoles.Remove(domid);
        }

        foreach (var domain in host.List())
        {
            if (!consoles.ContainsKey(domain.Domid) && domain.Rings is not null)
            {
                await TakeAsync(domain, cancel).ConfigureAwait(false);
            }
        }

        return false;
    }

    private async Task TakeAsync(SimulatedDomain domain, CancellationToken cancel)
    {
        var keys = string.Create(CultureInfo.InvariantCulture, $"/local/domain/{domain.Domid}/console");
        var read = await Task.WhenAll(
            ((string[])["ring-ref", "port", "type"]).Select(name => store.ReadAsync($"{keys}/{name}", cancel))).ConfigureAwait(false);
        if (read is [not null, not null, null or "xenconsoled"])
        {
            var console = new GuestConsole(domain, files, logger);
            consoles[domain.Domid] = console;
            await store.WriteAsync(keys + "/tty", console.Path, cancel).ConfigureAwait(false);
        }
    }
}
