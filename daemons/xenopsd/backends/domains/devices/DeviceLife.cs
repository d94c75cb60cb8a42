using Microsoft.Extensions.Logging;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>
/// One device from its making to its removal, whatever its kind (xenbus protocol). Devices are added one at a time in the whole
/// process: transactions below one directory of back ends would conflict without end.
/// </summary>
internal sealed class DeviceLife(XenstoreClient store, DomainTable table, DomainOptions options, Hotplug hotplug, ILogger logger) : IDisposable
{
    /// <summary>How long a back end may take to close when nobody waits for the guest.</summary>
    private static readonly TimeSpan HardClose = TimeSpan.FromSeconds(20);

    private const string Connected = "connected";

    private readonly SemaphoreSlim adding = new(1, 1);

    /// <summary>Makes the device and waits until the host's end is connected. XenopsError Device_is_connected when it is there
    /// already; what was made is removed when the host's end does not come.</summary>
    public async Task AddAsync(DomainEntry entry, DeviceAddress device, DeviceKeys keys, string name, CancellationToken cancel)
    {
        entry.Devices[(device.BackendKind, device.Id)] = name;
        await adding.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            await store.TransactionAsync(
                async transaction =>
                {
                    if (await transaction.ReadAsync(device.Record, cancel).ConfigureAwait(false) is not null)
                    {
                        throw new XenopsError(new XenopsErrorValue.Device_is_connected());
                    }

                    transaction.Apply(DeviceTree.Leftovers(device), DeviceTree.Create(device, keys));
                },
                cancel).ConfigureAwait(false);
        }
        finally
        {
            adding.Release();
        }

        try
        {
            await hotplug.ConnectAsync(device, options.HotplugTimeout, cancel).ConfigureAwait(false);
            await WaitConnectedAsync(device, cancel).ConfigureAwait(false);
        }
        catch
        {
            using CancellationTokenSource deadline = new(DomainLimits.CleanUp);
            await RemoveAsync(entry, device, force: true, deadline.Token).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Disconnects and removes the device; nothing when there is none. XenopsError Device_detach_rejected when the guest keeps
    /// it, unless <paramref name="force"/>.</summary>
    public async Task RemoveAsync(DomainEntry entry, DeviceAddress device, bool force, CancellationToken cancel)
    {
        var known = await store.ReadAllAsync([device.Record, device.BackendState, device.HasShutdownRequest], cancel).ConfigureAwait(false);
        if (known is [null, null, _])
        {
            return;
        }

        if (device.BackendKind == VbdKeys.Kind && known[2] is not null)
        {
            await CloseOnRequestAsync(device, force, cancel).ConfigureAwait(false);
            await ReleaseAsync(entry, device, cancel).ConfigureAwait(false);
            return;
        }

        // No driver has taken a back end that still begins: there is nobody to close it.
        if (known[1] is not (null or XenbusState.Initialising))
        {
            await (force ? CloseHardAsync(device, cancel) : CloseAsync(device, cancel)).ConfigureAwait(false);
        }

        await ReleaseAsync(entry, device, cancel).ConfigureAwait(false);
    }

    /// <summary>Whether the toolstack made the device and has not removed it.</summary>
    public async Task<bool> ExistsAsync(DeviceAddress device, CancellationToken cancel) =>
        await store.ReadAsync(device.Record, cancel).ConfigureAwait(false) is not null;

    /// <summary>What disks that are files need beside their back ends.</summary>
    public LoopDisks Loops { get; } = new();

    public void Dispose()
    {
        Loops.Dispose();
        adding.Dispose();
    }

    private async Task WaitConnectedAsync(DeviceAddress device, CancellationToken cancel)
    {
        string? status = null;
        string? error = null;
        bool ended = await store.WaitUntilAsync([device.HotplugStatus, device.HotplugError], async token =>
        {
            var read = await store.ReadAllAsync([device.HotplugStatus, device.HotplugError], token).ConfigureAwait(false);
            (status, error) = (read[0], read[1]);
            return status == Connected || error is { Length: > 0 };
        }, options.HotplugTimeout, cancel).ConfigureAwait(false);
        if (error is { Length: > 0 })
        {
            throw XenopsError.Internal($"{device.BackendKind} {device.Id} of domain {device.Domid}: {error}");
        }

        if (!ended)
        {
            throw XenopsError.Internal($"{device.BackendKind} {device.Id} of domain {device.Domid}: the back end did not come within {options.HotplugTimeout.TotalSeconds:0} s");
        }
    }

    /// <summary>Asks a back end that is a program of its own to end; by force it does not ask the guest.</summary>
    private async Task CloseOnRequestAsync(DeviceAddress device, bool force, CancellationToken cancel)
    {
        await store.ApplyAsync([device.FrontendError], [new(device.ShutdownRequest, force ? "force" : "normal")], cancel).ConfigureAwait(false);
        string? refusal = null;
        bool closed = await store.WaitUntilAsync([device.ShutdownDone, device.FrontendError], async token =>
        {
            var read = await store.ReadAllAsync([device.ShutdownDone, device.FrontendError], token).ConfigureAwait(false);
            refusal = read[0] is null && !force ? read[1] : null;
            return read[0] is not null || refusal is { Length: > 0 };
        }, force ? HardClose : options.HotplugTimeout, cancel).ConfigureAwait(false);
        if (!force && (!closed || refusal is { Length: > 0 }))
        {
            throw Rejected(device, refusal);
        }

        if (!closed)
        {
            Log.BackEndStays(logger, device.Backend);
        }
    }

    private static XenopsError Rejected(DeviceAddress device, string? refusal) => new(new XenopsErrorValue.Device_detach_rejected(
        device.BackendKind.ToUpperInvariant(), $"{device.VmId}.{device.Id}", refusal ?? "the guest did not answer"));

    /// <summary>Asks the back end, which asks the guest, to close.</summary>
    private async Task CloseAsync(DeviceAddress device, CancellationToken cancel)
    {
        await BeginClosingAsync(device, device.FrontendError, cancel).ConfigureAwait(false);
        string? refusal = null;
        bool closed = await store.WaitUntilAsync([device.FrontendState, device.BackendState, device.FrontendError], async token =>
        {
            var read = await store.ReadAllAsync([device.FrontendState, device.BackendState, device.FrontendError], token).ConfigureAwait(false);
            refusal = read[2];
            return read[0] is null or XenbusState.Closed || read[1] is null or XenbusState.Closed || refusal is { Length: > 0 };
        }, options.HotplugTimeout, cancel).ConfigureAwait(false);
        if (!closed || refusal is { Length: > 0 })
        {
            throw Rejected(device, refusal);
        }

        await store.ApplyAsync([device.Frontend], [], cancel).ConfigureAwait(false);
        await WaitClosedAsync(device, options.HotplugTimeout, cancel).ConfigureAwait(false);
    }

    /// <summary>Takes the guest's end away: the back end closes by itself. Linux says that it did only of one that was to close.</summary>
    private async Task CloseHardAsync(DeviceAddress device, CancellationToken cancel)
    {
        await BeginClosingAsync(device, device.Frontend, cancel).ConfigureAwait(false);
        await WaitClosedAsync(device, HardClose, cancel).ConfigureAwait(false);
    }

    /// <summary>A back end that has closed, because the guest did, stays as it is: Linux does not say so twice.</summary>
    private Task BeginClosingAsync(DeviceAddress device, string gone, CancellationToken cancel) => store.TransactionAsync(
        async transaction =>
        {
            string? state = await transaction.ReadAsync(device.BackendState, cancel).ConfigureAwait(false);
            transaction.Apply([gone], [new(device.Backend + "/online", "0")]);
            if (state != XenbusState.Closed)
            {
                transaction.Write(device.BackendState, XenbusState.Closing);
            }
        },
        cancel);

    private async Task WaitClosedAsync(DeviceAddress device, TimeSpan timeout, CancellationToken cancel)
    {
        bool closed = await store.WaitUntilAsync(
            [device.BackendState],
            async token => await store.ReadAsync(device.BackendState, token).ConfigureAwait(false) is null or XenbusState.Closed,
            timeout,
            cancel).ConfigureAwait(false);
        if (!closed)
        {
            Log.BackEndStays(logger, device.Backend);
        }
    }

    private async Task ReleaseAsync(DomainEntry entry, DeviceAddress device, CancellationToken cancel)
    {
        await hotplug.DisconnectAsync(device, cancel).ConfigureAwait(false);
        Loops.Release(device);
        bool shared = table.All.Any(e => e != entry && e.VmId == device.VmId);
        await store.ApplyAsync(DeviceTree.Everything(device, shared), [], cancel).ConfigureAwait(false);
        entry.Devices.TryRemove((device.BackendKind, device.Id), out _);
    }
}
