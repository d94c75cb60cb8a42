using System.Globalization;
using Toolstack.Interop.Xen.Xenstore;

namespace Toolstack.XenSimulator.Devices;

/// <summary>
/// The host's end of one device, as a driver of domain 0 runs it (xenbus protocol): 1 makes it, it waits in 2 for the guest's end,
/// connects (4) when that has its ring and the toolstack has said that the host's side is ready, follows it to 5 and 6. It ends when
/// the guest's end is gone, or closed with <c>online</c> 0. What a kind of device does itself is in who derives.
/// </summary>
internal abstract class BackendDevice(XenstoreClient store, string path, int domid, int id)
{
    private bool closedByGuest;

    /// <summary>The directory of this end.</summary>
    protected string Path { get; } = path;

    protected int Domid { get; } = domid;

    protected int Id { get; } = id;

    protected string Frontend { get; private set; } = "";

    protected XenstoreClient Store { get; } = store;

    /// <summary>What the toolstack and both drivers have written, at one moment.</summary>
    protected sealed record Keys(XenbusState Own, XenbusState Other, bool Online, bool Ready, IReadOnlyDictionary<string, string> All);

    /// <summary>Serves the device until its end. Raises <see cref="XenstoreError"/>.</summary>
    internal async Task RunAsync(CancellationToken cancel)
    {
        Frontend = await Store.ReadAsync(Path + "/frontend", cancel).ConfigureAwait(false) ?? "";
        if (Frontend.Length == 0)
        {
            return;
        }

        try
        {
            await Store.WaitUntilAsync([Path, Frontend + "/state"], StepAsync, Timeout.InfiniteTimeSpan, cancel).ConfigureAwait(false);
        }
        finally
        {
            Disconnect();
        }
    }

    /// <summary>Nodes the driver writes when it takes the device.</summary>
    protected abstract IReadOnlyList<(string Name, string Value)> Features { get; }

    /// <summary>Prepares the host's side as far as the keys allow; false when something is missing yet.</summary>
    protected abstract Task<bool> PrepareAsync(Keys keys, CancellationToken cancel);

    /// <summary>Takes over the guest's ring and gives what is to be written with state 4; null when the ring is not there.</summary>
    protected abstract Task<IReadOnlyList<(string Name, string Value)>?> ConnectAsync(CancellationToken cancel);

    /// <summary>Lets go of ring and host's side; safe to call again.</summary>
    protected abstract void Disconnect();

    /// <summary>Something changed while connected.</summary>
    protected virtual Task ConnectedAsync(Keys keys, CancellationToken cancel) => Task.CompletedTask;

    /// <summary>What the guest's closing of a device that is to stay does on the host's side.</summary>
    protected virtual IReadOnlyList<string> GoneAfterGuestClosed => ["hotplug-status"];

    protected Task SwitchAsync(XenbusState state, IReadOnlyList<(string Name, string Value)> values, CancellationToken cancel) =>
        Store.TransactionAsync(async transaction =>
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

    /// <summary>The driver cannot go on: says why where drivers do, and closes.</summary>
    protected async Task FailAsync(int errno, string text, CancellationToken cancel)
    {
        var below = Path[(Path.IndexOf("/backend/", StringComparison.Ordinal) + 1)..];
        await Store.WriteAsync($"/local/domain/0/error/{below}/error", string.Create(CultureInfo.InvariantCulture, $"{errno} {text}"), cancel)
            .ConfigureAwait(false);
        await SwitchAsync(XenbusState.Closing, [], cancel).ConfigureAwait(false);
    }

    private async Task<Keys?> ReadAsync(CancellationToken cancel)
    {
        var other = Store.ReadAsync(Frontend + "/state", cancel);
        var all = await Store.ReadTreeAsync(Path, 1, XenstoreLimits.MaxReplyPayload, cancel).ConfigureAwait(false);
        var state = XenbusStates.Parse(await other.ConfigureAwait(false));
        return all.TryGetValue("state", out var own)
            ? new Keys(XenbusStates.Parse(own), state, all.GetValueOrDefault("online") == "1", all.GetValueOrDefault("hotplug-status") == "connected", all)
            : null;
    }

    /// <summary>True when the device is over.</summary>
    private async Task<bool> StepAsync(CancellationToken cancel)
    {
        if (await ReadAsync(cancel).ConfigureAwait(false) is not { } keys)
        {
            return true;
        }

        switch (keys.Other)
        {
            case XenbusState.Unknown:
                Disconnect();
                if (keys.Own != XenbusState.Closed)
                {
                    await SwitchAsync(XenbusState.Closed, [], cancel).ConfigureAwait(false);
                }

                return true;
            case XenbusState.Closing when keys.Own is not (XenbusState.Closing or XenbusState.Closed):
                Disconnect();
                await SwitchAsync(XenbusState.Closing, [], cancel).ConfigureAwait(false);
                return false;
            case XenbusState.Closed when keys.Own != XenbusState.Initialising:
                return await ClosedAsync(keys, cancel).ConfigureAwait(false);
            default:
                await ForwardAsync(keys, cancel).ConfigureAwait(false);
                return false;
        }
    }

    private async Task<bool> ClosedAsync(Keys keys, CancellationToken cancel)
    {
        Disconnect();
        if (keys.Own != XenbusState.Closed)
        {
            await SwitchAsync(XenbusState.Closed, [], cancel).ConfigureAwait(false);
        }

        if (keys.Online && !closedByGuest)
        {
            closedByGuest = true;
            foreach (var name in GoneAfterGuestClosed)
            {
                await Store.RemoveAsync(name.StartsWith('/') ? name : $"{Path}/{name}", cancel).ConfigureAwait(false);
            }
        }

        return !keys.Online;
    }

    private async Task ForwardAsync(Keys keys, CancellationToken cancel)
    {
        if (keys.Own == XenbusState.Initialising || (keys.Own == XenbusState.Closed && keys.Other == XenbusState.Initialising && keys.Online))
        {
            closedByGuest = false;
            await SwitchAsync(XenbusState.InitWait, Features, cancel).ConfigureAwait(false);
        }
        else if (keys.Own == XenbusState.InitWait)
        {
            var prepared = await PrepareAsync(keys, cancel).ConfigureAwait(false);
            if (prepared && keys.Other is (XenbusState.Initialised or XenbusState.Connected)
                && await ConnectAsync(cancel).ConfigureAwait(false) is { } values)
            {
                await SwitchAsync(XenbusState.Connected, values, cancel).ConfigureAwait(false);
            }
        }
        else if (keys.Own == XenbusState.Connected)
        {
            await ConnectedAsync(keys, cancel).ConfigureAwait(false);
        }
    }
}
