using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Toolstack.Interop.Xen.Xenstore;
using static Tmds.Linux.LibC;

namespace Toolstack.XenSimulator.Devices;

/// <summary>
/// A block back end: opens the file or block device that <c>params</c> names, once the toolstack has given its number or said
/// <c>hotplug-status=connected</c>, and serves the guest's ring from it. A removable drive takes another medium, or none, while it is
/// connected. A medium that cannot be opened ends in the error nodes and state 5.
/// </summary>
internal sealed class BlockBackend(XenstoreClient store, GrantTables grants, string path, int domid, int id)
    : BackendDevice(store, path, domid, id)
{
    private readonly Lock gate = new();
    private string? opened;
    private SafeFileHandle? medium;
    private bool writable;
    private BlockRing? ring;

    protected override IReadOnlyList<(string Name, string Value)> Features { get; } =
        [("feature-flush-cache", "1"), ("feature-discard", "0"), ("feature-persistent", "1"), ("max-ring-page-order", "0")];

    protected override async Task<bool> PrepareAsync(Keys keys, CancellationToken cancel) =>
        (keys.Ready || keys.All.ContainsKey("physical-device") || keys.All.ContainsKey("physical-device-path"))
        && (opened is not null || await OpenAsync(keys, cancel).ConfigureAwait(false));

    protected override async Task<IReadOnlyList<(string Name, string Value)>?> ConnectAsync(CancellationToken cancel)
    {
        var reference = await Store.ReadAsync(Frontend + "/ring-ref", cancel).ConfigureAwait(false);
        if (!int.TryParse(reference, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || grants.Map(Domid, number) is not { } mapped)
        {
            await FailAsync(EINVAL, $"reading {Frontend}/ring-ref", cancel).ConfigureAwait(false);
            return null;
        }

        ring = mapped;
        _ = ServeAsync(mapped);
        return Geometry();
    }

    protected override async Task ConnectedAsync(Keys keys, CancellationToken cancel)
    {
        if (Source(keys) != opened && keys.All.GetValueOrDefault("removable") == "1" && await OpenAsync(keys, cancel).ConfigureAwait(false))
        {
            // State 4 once more tells the guest to look at the size again.
            await SwitchAsync(XenbusState.Connected, Geometry(), cancel).ConfigureAwait(false);
        }
    }

    protected override void Disconnect()
    {
        ring?.Close();
        ring = null;
        lock (gate)
        {
            medium?.Dispose();
            medium = null;
            opened = null;
        }
    }

    /// <summary>What is to be opened; empty for a drive without a medium.</summary>
    private static string Source(Keys keys) =>
        keys.All.GetValueOrDefault("physical-device-path") ?? keys.All.GetValueOrDefault("params") ?? "";

    private async Task<bool> OpenAsync(Keys keys, CancellationToken cancel)
    {
        var source = Source(keys);
        SafeFileHandle? handle = null;
        writable = keys.All.GetValueOrDefault("mode") == "w";
        if (source.Length > 0)
        {
            try
            {
                handle = File.OpenHandle(
                    source, FileMode.Open, writable ? FileAccess.ReadWrite : FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, FileOptions.Asynchronous);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException or ArgumentException)
            {
                await FailAsync(error is FileNotFoundException or DirectoryNotFoundException ? ENOENT : EACCES, "creating vbd structure", cancel)
                    .ConfigureAwait(false);
                return false;
            }
        }

        lock (gate)
        {
            medium?.Dispose();
            medium = handle;
            opened = source;
        }

        return true;
    }

    private List<(string Name, string Value)> Geometry()
    {
        lock (gate)
        {
            // SAFETY: an integer call on a descriptor that the handle keeps open. It also knows the size of a block device.
            var bytes = medium is null ? 0 : (long)lseek((int)medium.DangerousGetHandle(), 0, SEEK_END);
            return
            [
                ("sectors", (bytes / DeviceLimits.SectorBytes).ToString(CultureInfo.InvariantCulture)),
                ("sector-size", DeviceLimits.SectorBytes.ToString(CultureInfo.InvariantCulture)),
                ("info", writable ? "0" : "4"),
            ];
        }
    }

    /// <summary>Answers requests until the ring is closed.</summary>
    private async Task ServeAsync(BlockRing served)
    {
        await foreach (var request in served.Requests.ReadAllAsync().ConfigureAwait(false))
        {
            request.Answer.TrySetResult(await MoveAsync(request).ConfigureAwait(false));
        }
    }

    private async Task<bool> MoveAsync(BlockRequest request)
    {
        SafeFileHandle? open;
        lock (gate)
        {
            open = medium;
        }

        if (open is null || request.Buffer.Length > DeviceLimits.BlockBytes || (request.IsWrite && !writable))
        {
            return false;
        }

        try
        {
            var at = request.Sector * DeviceLimits.SectorBytes;
            if (request.IsWrite)
            {
                await RandomAccess.WriteAsync(open, request.Buffer, at).ConfigureAwait(false);
                return true;
            }

            return await RandomAccess.ReadAsync(open, request.Buffer, at).ConfigureAwait(false) == request.Buffer.Length;
        }
        catch (Exception error) when (error is IOException or ObjectDisposedException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
