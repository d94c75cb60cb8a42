using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Devices;

/// <summary>
/// The guest's end of one device, over the guest's own connection (xenbus protocol): offers its ring when the host's end waits (2), is
/// connected when that is, closes when that closes or the guest itself wants to. Ends when its directory is gone.
/// </summary>
internal abstract class FrontendDevice(XenstoreClient store, IDeviceGuest guest, DeviceFaults faults, string kind, int id)
{
    private string backend = "";
    private volatile bool detaching;

    protected IDeviceGuest Guest { get; } = guest;

    protected int Id { get; } = id;

    /// <summary>The directory of this end.</summary>
    protected string Path { get; } = string.Create(CultureInfo.InvariantCulture, $"/local/domain/{guest.Domid}/device/{kind}/{id}");

    protected string ErrorPath { get; } = string.Create(CultureInfo.InvariantCulture, $"/local/domain/{guest.Domid}/error/device/{kind}/{id}/error");

    /// <summary>Serves the device until its end. Raises <see cref="XenstoreError"/>.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        backend = await store.ReadAsync(Path + "/backend", cancel).ConfigureAwait(false) ?? "";
        if (backend.Length == 0)
        {
            return;
        }

        try
        {
            await store.WaitUntilAsync([Path, backend + "/state"], StepAsync, Timeout.InfiniteTimeSpan, cancel).ConfigureAwait(false);
        }
        finally
        {
            Disconnect();
        }
    }

    /// <summary>The guest itself gives the device up.</summary>
    internal async Task DetachAsync(CancellationToken cancel)
    {
        detaching = true;
        await SwitchAsync(XenbusState.Closing, [], cancel).ConfigureAwait(false);
    }

    /// <summary>What this end offers when the host's end waits, and the state it takes then.</summary>
    protected abstract (XenbusState State, IReadOnlyList<(string Name, string Value)> Values) Offer();

    /// <summary>The host's end is connected, or says so once more because something about the device changed.</summary>
    protected abstract Task ConnectedAsync(string host, XenstoreClient connection, CancellationToken cancel);

    /// <summary>Lets go of the ring; safe to call again.</summary>
    protected abstract void Disconnect();

    /// <summary>True when the device is over.</summary>
    private async Task<bool> StepAsync(CancellationToken cancel)
    {
        await Guest.UntilRunningAsync(cancel).ConfigureAwait(false);
        if (faults.Hangs(Guest.Domid, kind, Id))
        {
            return false;
        }

        var read = await Task.WhenAll(store.ReadAsync(Path + "/state", cancel), HostStateAsync(cancel)).ConfigureAwait(false);
        if (read[0] is null)
        {
            return true;
        }

        var own = XenbusStates.Parse(read[0]);
        switch (XenbusStates.Parse(read[1]))
        {
            case XenbusState.InitWait when own == XenbusState.Initialising && !detaching:
                var (state, values) = Offer();
                await SwitchAsync(state, values, cancel).ConfigureAwait(false);
                break;
            case XenbusState.Connected when own is XenbusState.Initialised or XenbusState.Connected:
                await ConnectedAsync(backend, store, cancel).ConfigureAwait(false);
                if (own == XenbusState.Initialised)
                {
                    await SwitchAsync(XenbusState.Connected, [], cancel).ConfigureAwait(false);
                }

                break;
            case XenbusState.Closing or XenbusState.Closed when own != XenbusState.Closed:
                await CloseAsync(cancel).ConfigureAwait(false);
                break;
            case XenbusState.Unknown when own is not (XenbusState.Closed or XenbusState.Initialising):
                await CloseAsync(cancel).ConfigureAwait(false);
                break;
        }

        return false;
    }

    /// <summary>The host's state; null when its directory is gone or no longer this guest's to read.</summary>
    private async Task<string?> HostStateAsync(CancellationToken cancel)
    {
        try
        {
            return await store.ReadAsync(backend + "/state", cancel).ConfigureAwait(false);
        }
        catch (XenstoreError error) when (error.Name == XenstoreErrorName.EACCES)
        {
            return null;
        }
    }

    private async Task CloseAsync(CancellationToken cancel)
    {
        if (faults.Refuses(Guest.Domid, kind, Id) && !detaching)
        {
            await store.WriteAsync(ErrorPath, "16 Device in use; refusing to close", cancel).ConfigureAwait(false);
            return;
        }

        Disconnect();
        await SwitchAsync(XenbusState.Closed, [], cancel).ConfigureAwait(false);
    }

    private Task SwitchAsync(XenbusState state, IReadOnlyList<(string Name, string Value)> values, CancellationToken cancel) =>
        store.TransactionAsync(async transaction =>
        {
            // A directory that the toolstack has removed is not made again.
            if (await transaction.ReadAsync(Path + "/state", cancel).ConfigureAwait(false) is null)
            {
                return;
            }

            foreach (var (name, value) in values)
            {
                transaction.Write($"{Path}/{name}", value);
            }

            transaction.Write(Path + "/state", state.Text());
        }, cancel);
}
