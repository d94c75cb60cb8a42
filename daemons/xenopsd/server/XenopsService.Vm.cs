using System.Collections.Immutable;
using Toolstack.Idl.Json;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration;
using Toolstack.Xenopsd.Operations;
using Toolstack.Xenopsd.State;

namespace Toolstack.Xenopsd.Server;

public sealed partial class XenopsService
{
    public Task<string> VmAdd(string debug_info, Vm vm, CancellationToken cancel)
    {
        var old = engine.Store.Find(vm.id);
        engine.Store.Put(old is null ? new VmRecord(vm, [], [], new VmExtra()) : old with { Vm = vm });
        engine.Operations.Signal(vm.id);
        return Task.FromResult(vm.id);
    }

    public Task VmRemove(string debug_info, string id, CancellationToken cancel) =>
        engine.Operations.RunAsync(debug_info, new Operation.VM_remove(id), cancel);

    /// <summary>True also of the temporary id of a VM from the moment on at which it begins to leave this host.</summary>
    public Task<bool> VmExists(string debug_info, string id, CancellationToken cancel) =>
        Task.FromResult(engine.Store.Find(id) is not null || engine.Departing(id) is not null || engine.IsLeaving(id));

    public async Task<ImmutableArray<(Vm vm, VmState state)>> VmList(string debug_info, CancellationToken cancel)
    {
        var all = ImmutableArray.CreateBuilder<(Vm, VmState)>();
        foreach (var record in engine.Store.Ids.Where(static id => !MigrationIds.IsTemporary(id)).Select(engine.Store.Find).OfType<VmRecord>())
        {
            all.Add(await StatAsync(record, cancel).ConfigureAwait(false));
        }

        foreach (var record in engine.AllDeparting.Where(r => engine.Store.Find(r.Vm.id) is null))
        {
            all.Add(await StatAsync(record, cancel).ConfigureAwait(false));
        }

        return all.ToImmutable();
    }

    public Task<(Vm vm, VmState state)> VmStat(string debug_info, string id, CancellationToken cancel) =>
        StatAsync(engine.Store.Find(id) ?? engine.Departing(id) ?? throw XenopsError.DoesNotExist("VM", id), cancel);

    public async Task<string> VmImportMetadata(string debug_info, string metadata, CancellationToken cancel)
    {
        var (record, extra) = MetadataText.Read(metadata);
        string id = record.vm.id;
        if (engine.Store.Find(id) is null)
        {
            await engine.Runner.ImportAsync(record, extra, cancel).ConfigureAwait(false);
            engine.Operations.Signal(id);
            return id;
        }

        // Behind what runs on the VM already, so that no operation sees its record change.
        await engine.Operations.RunAsync(debug_info, new Operation.VM_import_metadata(id, record, extra), cancel).ConfigureAwait(false);
        return id;
    }

    public Task<string> VmImportMetadataAsync(string debug_info, string metadata, CancellationToken cancel)
    {
        var (record, extra) = MetadataText.Read(metadata);
        return Queue(debug_info, new Operation.VM_import_metadata(record.vm.id, record, extra));
    }

    public Task<string> VmExportMetadata(string debug_info, string id, CancellationToken cancel) =>
        Task.FromResult(MetadataText.Write(engine.Store.Get(id)));

    public Task<string> VmGenerateStateString(string debug_info, Vm vm, CancellationToken cancel) =>
        Task.FromResult(JsonValueWriter.Text(w => VmExtraCodec.Write(w, engine.Store.Find(vm.id)?.Extra ?? new VmExtra())));

    public Task<string> VmStart(string debug_info, string id, bool paused, CancellationToken cancel) =>
        Queue(debug_info, new Operation.VM_start(id, Force: paused));

    public Task<string> VmShutdown(string debug_info, string id, double? delay, CancellationToken cancel) =>
        Queue(debug_info, new Operation.VM_poweroff(id, Seconds(delay)));

    public Task<string> VmReboot(string debug_info, string id, double? delay, CancellationToken cancel) =>
        Queue(debug_info, new Operation.VM_reboot(id, Seconds(delay)));

    public Task<string> VmSuspend(string debug_info, string id, Disk suspend_vdi, CancellationToken cancel) =>
        Queue(debug_info, new Operation.VM_suspend(id, suspend_vdi));

    public Task<string> VmResume(string debug_info, string id, Disk suspend_vdi, CancellationToken cancel) =>
        Queue(debug_info, new Operation.VM_resume(id, suspend_vdi));

    public Task<string> VmPause(string debug_info, string id, CancellationToken cancel) => Queue(debug_info, new Operation.VM_pause(id));

    public Task<string> VmUnpause(string debug_info, string id, CancellationToken cancel) => Queue(debug_info, new Operation.VM_unpause(id));

    public Task<string> VmMigrate(string debug_info, string id, ImmutableSortedDictionary<string, string> vdi_map,
        ImmutableSortedDictionary<string, Network> vif_map, ImmutableSortedDictionary<string, PciAddress> pci_map,
        string xenops_url, bool compress, bool verify_dest, bool localhost_migration, CancellationToken cancel)
    {
        if (!Uri.TryCreate(xenops_url, UriKind.Absolute, out var destination) || destination.Scheme is not ("http" or "https"))
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_contact_remote_service(xenops_url));
        }

        var request = new MigrationRequest(compress, verify_dest, localhost_migration, MigrationRequest.OptionsOf(destination, engine.SaveOptions));
        return Queue(debug_info, new Operation.VM_migrate(id, destination, vdi_map, vif_map, pci_map, request));
    }

    /// <summary>A VM whose copy here waits for word from its destination is said to be paused: its domain is there and does not run, and
    /// whoever takes it for ended would start a second one.</summary>
    private async Task<(Vm Vm, VmState State)> StatAsync(VmRecord record, CancellationToken cancel)
    {
        var domain = engine.Backend.GetStatus(record.Vm.id);
        if (domain is null && engine.Departing(record.Vm.id) is { } departing)
        {
            var (vm, suspended) = await StatAsync(departing.WithId(MigrationIds.Source(record.Vm.id)), cancel).ConfigureAwait(false);
            return (vm with { id = record.Vm.id }, suspended with { power_state = PowerState.Paused });
        }

        var seen = domain is not null
            ? await engine.Backend.Devices.ObserveAsync(record.Vm.id, cancel).ConfigureAwait(false)
            : DomainObservations.None;
        return (record.Vm, VmStates.Of(record, domain, seen));
    }

    /// <summary>A wait in seconds, between nothing and a day.</summary>
    private static TimeSpan? Seconds(double? seconds) =>
        seconds is { } wait ? TimeSpan.FromSeconds(Math.Clamp(wait, 0, TimeSpan.SecondsPerDay)) : null;
}
