using System.Diagnostics;
using System.Globalization;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>Connects the host's end of a device: by scripts, or where none are used by saying that it is connected as soon as its
/// driver has made it; a disk's driver opens what <c>params</c> or <c>physical-device</c> name.</summary>
internal sealed class Hotplug(XenstoreClient store, DomainOptions options)
{
    private const string Online = "online";
    private const string Move = "move";
    private const string Connected = "connected";

    public async Task ConnectAsync(DeviceAddress device, TimeSpan timeout, CancellationToken cancel)
    {
        bool network = device.BackendKind == VifKeys.Kind;
        if (network)
        {
            await WaitMadeAsync(device, timeout, cancel).ConfigureAwait(false);
        }

        if (options.RunHotplugScripts)
        {
            await RunAsync(device, "add", cancel).ConfigureAwait(false);
            if (network)
            {
                await RunAsync(device, Online, cancel).ConfigureAwait(false);
            }

            return;
        }

        if (network && options.ConnectsInterfaces)
        {
            await JoinAsync(device, cancel).ConfigureAwait(false);
        }

        await store.TransactionAsync(
            transaction =>
            {
                transaction.Write(device.Hotplug + "/hotplug", Online);
                transaction.Write(device.HotplugStatus, Connected);
                return Task.CompletedTask;
            },
            cancel).ConfigureAwait(false);
        if (!network)
        {
            await WaitMadeAsync(device, timeout, cancel).ConfigureAwait(false);
        }
    }

    public Task DisconnectAsync(DeviceAddress device, CancellationToken cancel) =>
        options.RunHotplugScripts ? RunAsync(device, "remove", cancel) : Task.CompletedTask;

    /// <summary>The network or the traffic rules of an interface changed.</summary>
    public Task ChangeAsync(DeviceAddress device, string action, CancellationToken cancel) =>
        options.RunHotplugScripts ? RunAsync(device, action, cancel)
        : options.ConnectsInterfaces && action == Move ? JoinAsync(device, cancel)
        : Task.CompletedTask;

    /// <summary>The host's end of an interface becomes a port of its bridge, with an address that does not become the bridge's.</summary>
    private async Task JoinAsync(DeviceAddress device, CancellationToken cancel)
    {
        var keys = await store.ReadAllAsync([device.Private + "/bridge", device.Private + "/MTU", device.Private + "/bridge-MAC"], cancel).ConfigureAwait(false);
        byte[] address = Convert.FromHexString((keys[2] ?? "").Replace(":", "", StringComparison.Ordinal));
        string name = string.Create(CultureInfo.InvariantCulture, $"{device.BackendKind}{device.Domid}.{device.Id}");
        try
        {
            BridgePort.Connect(name, keys[0] ?? "", int.TryParse(keys[1], CultureInfo.InvariantCulture, out int mtu) ? mtu : 0, address);
        }
        catch (HypervisorError error)
        {
            throw XenopsError.Internal($"{name} cannot become a port of bridge {keys[0]}: {error.Message}", error);
        }
    }

    /// <summary>The driver has made its end when it waits for the guest: an interface before it is connected, a disk because it is. What
    /// a disk's driver finds wrong later stands in the error node and in its state.</summary>
    private async Task WaitMadeAsync(DeviceAddress device, TimeSpan timeout, CancellationToken cancel)
    {
        string failure = $"{device.BackendError}/{device.Id}/error";
        string? error = null;
        bool made = await store.WaitUntilAsync([device.BackendState, failure], async token =>
        {
            var read = await store.ReadAllAsync([device.BackendState, failure], token).ConfigureAwait(false);
            error = read[1];
            return error is { Length: > 0 } || read[0] is not (null or XenbusState.Initialising);
        }, timeout, cancel).ConfigureAwait(false);
        if (!made || error is { Length: > 0 })
        {
            throw XenopsError.Internal($"{device.Backend}: {error ?? $"no driver took it within {timeout.TotalSeconds:0} s"}");
        }
    }

    private async Task RunAsync(DeviceAddress device, string action, CancellationToken cancel)
    {
        string script = Path.Combine(options.ScriptsPath, device.BackendKind);
        ProcessStartInfo start = new(script, [action]) { RedirectStandardError = true };
        start.Environment["script"] = script;
        start.Environment["XENBUS_TYPE"] = device.BackendKind;
        start.Environment["XENBUS_PATH"] = $"backend/{device.BackendKind}/{device.Domid}/{device.Id}";
        start.Environment["XENBUS_BASE_PATH"] = "backend";
        start.Environment["XENBUS_PREFIX"] = device.BackendDomid == 0 ? "" : $"/local/domain/{device.BackendDomid}/";
        start.Environment["INTERFACE"] = $"{device.BackendKind}{device.Domid}.{device.Id}";
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(options.HotplugTimeout);
        try
        {
            using var process = Process.Start(start) ?? throw XenopsError.Internal($"{script}: not started");
            string error = await process.StandardError.ReadToEndAsync(deadline.Token).ConfigureAwait(false);
            await process.WaitForExitAsync(deadline.Token).ConfigureAwait(false);
            if (process.ExitCode != 0)
            {
                throw XenopsError.Internal($"{script} {action}: exit code {process.ExitCode}: {error.Trim()}");
            }
        }
        catch (System.ComponentModel.Win32Exception error)
        {
            throw XenopsError.Internal($"{script}: {error.Message}", error);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw XenopsError.Internal($"{script} {action}: not done within {options.HotplugTimeout.TotalSeconds:0} s");
        }
    }
}
