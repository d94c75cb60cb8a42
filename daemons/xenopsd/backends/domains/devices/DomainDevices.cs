using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.Xenopsd.Backends.Domains.LifeCycle;
using Toolstack.Xenopsd.Backends.Domains.Memory;
using Toolstack.Xenopsd.Backends.Domains.Tree;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>Devices of domains and settings of running ones. Disks and network interfaces are here; settings stand in
/// <c>DomainDevices.Settings.cs</c>.</summary>
internal sealed partial class DomainDevices(
    IHypervisor hypervisor, XenstoreClient store, DomainTable table, DeviceLife life, Hotplug hotplug, Squeezer squeezer, AttachedDisks disks,
    PciHost pciHost, SoftReset softReset, Sleep sleep, DomainOptions options) : IDeviceBackend
{
    private const string ActiveValue = "1";

    public Task SetActiveAsync(DynamicId device, bool active, CancellationToken cancel)
    {
        var (vm, kind, name) = Name(device);
        return table.Find(vm) is null
            ? Task.CompletedTask
            : StoreErrors.MapAsync(() => store.WriteAsync(DevicePaths.Active(vm, kind, name), active ? ActiveValue : "0", cancel));
    }

    /// <summary>Makes sure that the disk can be reached; nothing has to be prepared for a path of the host.</summary>
    public Task AttachVbdAsync(Vbd vbd, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vbd);
        DiskSources.Require(Opened(vbd.backend, vbd.persistent));
        return Task.CompletedTask;
    }

    public string PathOf(Disk disk) => disks.PathOf(disk);

    public async Task ActivateVbdAsync(Vbd vbd, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vbd);
        var entry = table.Get(vbd.id.vm);
        var device = VbdKeys.Address(vbd.id.vm, entry.Domid, vbd);
        await WithSourceAsync(device, vbd.mode, Opened(vbd.backend, vbd.persistent),
            source => AddAsync(entry, device, VbdKeys.Create(vbd, entry.Domid, source), vbd.id.device, cancel)).ConfigureAwait(false);
    }

    public Task DeactivateVbdAsync(Vbd vbd, bool force, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vbd);
        return table.Find(vbd.id.vm) is { MayHaveDevices: true } entry
            ? StoreErrors.MapAsync(() => life.RemoveAsync(entry, VbdKeys.Address(vbd.id.vm, entry.Domid, vbd), force, cancel))
            : Task.CompletedTask;
    }

    public Task DetachVbdAsync(Vbd vbd, CancellationToken cancel) => Task.CompletedTask;

    public async Task InsertVbdAsync(Vbd vbd, Disk disk, CancellationToken cancel)
    {
        var device = await RequireAsync(vbd, cancel).ConfigureAwait(false);
        string? present = await StoreErrors.MapAsync(() => store.ReadAsync(device.Backend + "/" + VbdKeys.Params, cancel)).ConfigureAwait(false);
        if (present is { Length: > 0 })
        {
            throw new XenopsError(new XenopsErrorValue.Media_present());
        }

        await WithSourceAsync(device, vbd.mode, Opened(disk, persistent: true), source => ChangeMediumAsync(device, source, disk, cancel)).ConfigureAwait(false);
    }

    public async Task EjectVbdAsync(Vbd vbd, CancellationToken cancel)
    {
        var device = await RequireAsync(vbd, cancel).ConfigureAwait(false);
        await ChangeMediumAsync(device, DiskSource.Empty, null, cancel).ConfigureAwait(false);
        life.Loops.Release(device);
    }

    public Task BeginEpochAsync(string vmId, Disk disk, bool persistent, CancellationToken cancel) => persistent
        ? Task.CompletedTask
        : Task.Run(() => VolatileDisks.Begin(disks.PathOf(disk), cancel), cancel);

    public Task EndEpochAsync(string vmId, Disk disk, CancellationToken cancel)
    {
        if (disks.Find(disk) is { } path)
        {
            VolatileDisks.End(path);
        }

        return Task.CompletedTask;
    }

    public async Task SetVbdQosAsync(Vbd vbd, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vbd);
        if (vbd.qos is null)
        {
            return;
        }

        var device = await RequireAsync(vbd, cancel).ConfigureAwait(false);
        DiskPriority.Set(await StoreErrors.MapAsync(() => store.ReadAsync(device.Thread, cancel)).ConfigureAwait(false), vbd.qos);
    }

    public async Task FlushDisksAsync(string vmId, CancellationToken cancel)
    {
        var entry = table.Get(vmId);
        foreach (var (_, number) in entry.Devices.Keys.Where(static d => d.Kind == VbdKeys.Kind))
        {
            DeviceAddress device = new(vmId, entry.Domid, 0, VbdKeys.Kind, VbdKeys.Kind, number);
            var read = await StoreErrors.MapAsync(() => store.ReadAllAsync(
                [device.Backend + "/" + VbdKeys.Params, device.Backend + "/" + VbdKeys.PhysicalDevice, device.Backend + "/mode"], cancel)).ConfigureAwait(false);
            if (read is [{ Length: > 0 } path, var physical, "w"])
            {
                await DiskFlush.RunAsync(path, physical, cancel).ConfigureAwait(false);
            }
        }
    }

    public async Task<VbdState> GetVbdStateAsync(Vbd vbd, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vbd);
        if (table.Find(vbd.id.vm) is not { Ending: false } entry)
        {
            return new VbdState();
        }

        var device = VbdKeys.Address(vbd.id.vm, entry.Domid, vbd);
        var read = await StoreErrors.MapAsync(() => store.ReadAllAsync(
            [DevicePaths.Active(vbd.id.vm, VbdKeys.Kind, vbd.id.device), device.Record, device.Private + "/" + VbdKeys.VdiId], cancel)).ConfigureAwait(false);
        bool plugged = read[1] is not null;
        return new VbdState
        {
            active = read[0] == ActiveValue,
            plugged = plugged,
            qos_target = plugged ? vbd.qos : null,
            backend_present = plugged ? VbdKeys.Read(read[2]) : null,
        };
    }

    public Task PlugVifAsync(Vif vif, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vif);
        var entry = table.Get(vif.id.vm);
        return AddAsync(
            entry, VifKeys.Address(vif.id.vm, entry.Domid, vif), VifKeys.Create(vif, entry.Domid, options.ScriptsPath), vif.id.device, cancel);
    }

    public Task UnplugVifAsync(Vif vif, bool force, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vif);
        return table.Find(vif.id.vm) is { MayHaveDevices: true } entry
            ? StoreErrors.MapAsync(() => life.RemoveAsync(entry, VifKeys.Address(vif.id.vm, entry.Domid, vif), force, cancel))
            : Task.CompletedTask;
    }

    public Task MoveVifAsync(Vif vif, Network network, CancellationToken cancel) =>
        ChangeVifAsync(vif, static _ => [], [new("bridge", VifKeys.Bridge(network))], "move", cancel);

    public async Task SetVifCarrierAsync(Vif vif, bool carrier, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vif);
        if (await FindAsync(vif, cancel).ConfigureAwait(false) is { } device)
        {
            bool disconnected = VifKeys.IsDisconnected(vif with { carrier = carrier });
            await StoreErrors.MapAsync(() => store.WriteAsync(device.Frontend + "/" + VifKeys.Disconnect, disconnected ? "1" : "0", cancel)).ConfigureAwait(false);
        }
    }

    public async Task SetVifLockingModeAsync(Vif vif, CancellationToken cancel)
    {
        await ChangeVifAsync(
            vif, static d => [d.Private + "/locking-mode", d.Private + "/ipv4-allowed", d.Private + "/ipv6-allowed"], VifKeys.Locking(vif), "setup-vif-rules", cancel)
            .ConfigureAwait(false);
        await SetVifCarrierAsync(vif, vif.carrier, cancel).ConfigureAwait(false);
    }

    public Task SetVifIpv4Async(Vif vif, CancellationToken cancel) => SetAddressesAsync(vif, cancel);

    public Task SetVifIpv6Async(Vif vif, CancellationToken cancel) => SetAddressesAsync(vif, cancel);

    public async Task SetVifPvsProxyAsync(Vif vif, CancellationToken cancel)
    {
        if (await FindAsync(vif, cancel).ConfigureAwait(false) is not { } device)
        {
            return;
        }

        var old = await StoreErrors.MapAsync(() => store.DirectoryAsync(device.Private, cancel)).ConfigureAwait(false);
        var gone = old.Where(static k => k.StartsWith("pvs-", StringComparison.Ordinal) && k != VifKeys.PvsRulesActive).Append("setup-pvs-proxy-rules");
        await ChangeVifAsync(vif, d => [.. gone.Select(k => d.Private + "/" + k)], VifKeys.PvsProxy(vif, options.ScriptsPath), "setup-pvs-proxy-rules", cancel).ConfigureAwait(false);
    }

    public Task SetVifTrunksAsync(Vif vif, CancellationToken cancel) => ChangeVifAsync(vif, static _ => [], VifKeys.Trunks(vif), "move", cancel);

    public async Task<VifState> GetVifStateAsync(Vif vif, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vif);
        if (table.Find(vif.id.vm) is not { Ending: false } entry)
        {
            return new VifState();
        }

        var device = VifKeys.Address(vif.id.vm, entry.Domid, vif);
        var read = await StoreErrors.MapAsync(() => store.ReadAllAsync(
            [
                DevicePaths.Active(vif.id.vm, VifKeys.Kind, vif.id.device), device.Record, device.Thread,
                device.Frontend + "/" + VifKeys.Disconnect, device.Private + "/" + VifKeys.PvsRulesActive,
            ],
            cancel)).ConfigureAwait(false);
        bool plugged = read[1] is not null;
        return new VifState
        {
            active = read[0] == ActiveValue,
            plugged = plugged,
            kthread_pid = long.TryParse(read[2], out long pid) ? pid : 0,
            media_present = plugged && read[3] != "1",
            device = plugged ? $"vif{entry.Domid}.{device.Id}" : null,
            pvs_rules_active = read[4] is not null,
        };
    }

    public async Task<DeviceRequest> GetDeviceRequestAsync(DynamicId device, VbdQos? qos, CancellationToken cancel)
    {
        var (vm, kind, name) = Name(device);
        if (kind is not (VbdKeys.Kind or VifKeys.Kind) || table.Find(vm) is not { Ending: false } entry)
        {
            return DeviceRequest.None;
        }

        var known = entry.Devices.FirstOrDefault(d => d.Key.Kind == kind && d.Value == name);
        if (known.Value is null)
        {
            return DeviceRequest.None;
        }

        DeviceAddress address = new(vm, entry.Domid, 0, kind, kind, known.Key.Id);
        var read = await StoreErrors.MapAsync(() => store.ReadAllAsync(
            [address.Record, address.HotplugStatus, address.Hotplug + "/hotplug", address.ShutdownDone, address.Thread], cancel)).ConfigureAwait(false);
        bool online = kind == VifKeys.Kind ? read[2] is not null : read[1] is not null && read[3] is null;
        return read[0] is null ? DeviceRequest.None
            : !online ? DeviceRequest.Unplug
            : qos is not null && DiskPriority.Differs(read[4], qos) ? DeviceRequest.SetQos
            : DeviceRequest.None;
    }

    /// <summary>Gives the device what is at the path. A loop device that this takes is the device's afterwards; after a failure there is none.</summary>
    private async Task WithSourceAsync(DeviceAddress device, VbdMode mode, string? path, Func<DiskSource, Task> give)
    {
        LoopDevice? loop = null;
        try
        {
            await give(DiskSources.Of(path, options.BackEndOpensFiles, file => loop = LoopDevice.Attach(file, mode == VbdMode.ReadOnly))).ConfigureAwait(false);
        }
        catch
        {
            loop?.Dispose();
            throw;
        }

        if (loop is not null)
        {
            life.Loops.Keep(device, loop);
        }
    }

    private async Task AddAsync(DomainEntry entry, DeviceAddress device, DeviceKeys keys, string name, CancellationToken cancel)
    {
        entry.MayHaveDevices = true;
        await StoreErrors.MapAsync(async () =>
        {
            await life.AddAsync(entry, device, keys, name, cancel).ConfigureAwait(false);
            if (entry.Watch is { } watch)
            {
                await watch.WatchBackendsAsync(device.BackendKind, cancel).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
    }

    private Task ChangeMediumAsync(DeviceAddress device, DiskSource source, Disk? disk, CancellationToken cancel) => StoreErrors.MapAsync(() =>
    {
        string physical = device.Backend + "/" + VbdKeys.PhysicalDevice;
        List<StoreNode> nodes =
        [
            new(device.Backend + "/type", source.Type),
            new(device.Private + "/" + VbdKeys.VdiId, VbdKeys.Text(disk)),
            new(device.Backend + "/vdi", VbdKeys.Text(disk)),
            new(device.Backend + "/" + VbdKeys.Params, source.Params),
        ];
        if (source.PhysicalDevice is { } number)
        {
            nodes.Add(new(physical, number));
        }

        return store.ApplyAsync([physical], nodes, cancel);
    });

    /// <summary>XenopsError Device_not_connected when the drive is not part of the domain.</summary>
    private async Task<DeviceAddress> RequireAsync(Vbd vbd, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vbd);
        var entry = table.Get(vbd.id.vm);
        var device = VbdKeys.Address(vbd.id.vm, entry.Domid, vbd);
        return await StoreErrors.MapAsync(() => life.ExistsAsync(device, cancel)).ConfigureAwait(false)
            ? device
            : throw new XenopsError(new XenopsErrorValue.Device_not_connected());
    }

    private async Task<DeviceAddress?> FindAsync(Vif vif, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(vif);
        if (table.Find(vif.id.vm) is not { Ending: false } entry)
        {
            return null;
        }

        var device = VifKeys.Address(vif.id.vm, entry.Domid, vif);
        return await StoreErrors.MapAsync(() => life.ExistsAsync(device, cancel)).ConfigureAwait(false) ? device : null;
    }

    /// <summary>Rewrites what scripts read and runs them; nothing for an interface that is not connected.</summary>
    private async Task ChangeVifAsync(
        Vif vif, Func<DeviceAddress, IReadOnlyList<string>> removals, IReadOnlyList<KeyValuePair<string, string>> keys, string action, CancellationToken cancel)
    {
        if (await FindAsync(vif, cancel).ConfigureAwait(false) is { } device)
        {
            await StoreErrors.MapAsync(async () =>
            {
                await store.ApplyAsync(removals(device), [.. keys.Select(k => new StoreNode(device.Private + "/" + k.Key, k.Value))], cancel).ConfigureAwait(false);
                await hotplug.ChangeAsync(device, action, cancel).ConfigureAwait(false);
            }).ConfigureAwait(false);
        }
    }

    private async Task SetAddressesAsync(Vif vif, CancellationToken cancel)
    {
        if (await FindAsync(vif, cancel).ConfigureAwait(false) is { } device)
        {
            var nodes = VifKeys.IpConfiguration(vif, VifKeys.Mac(vif)).Select(k => new StoreNode(device.Extra + "/" + k.Key, k.Value));
            await StoreErrors.MapAsync(() => store.ApplyAsync([device.Extra + "/" + VifKeys.StaticIp], [.. nodes], cancel)).ConfigureAwait(false);
        }
    }

    private string? Opened(Disk? disk, bool persistent) => disk is null ? null : persistent ? disks.PathOf(disk) : VolatileDisks.Opened(disks.PathOf(disk));

    private static (string Vm, string Kind, string Device) Name(DynamicId device) => device switch
    {
        DynamicId.Vbd(var vm, var name) => (vm, VbdKeys.Kind, name),
        DynamicId.Vif(var vm, var name) => (vm, VifKeys.Kind, name),
        DynamicId.Vgpu(var vm, var name) => (vm, "vgpu", name),
        DynamicId.Pci(var vm, var name) => (vm, "pci", name),
        DynamicId.Vusb(var vm, var name) => (vm, "vusb", name),
        _ => throw XenopsError.Internal($"{device} is no device"),
    };
}
