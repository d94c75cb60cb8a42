using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Storage;

/// <summary>The messages of class VDI. Forwarding has locked VDI and SR and chosen a host that reaches them.</summary>
internal sealed class VdiOperations(XapiDatabase database, VdiStore store) : VDIMessages
{
    public override Task<Ref<VDI>> create(Call call, VDI args) => store.CreateAsync(args, call.Cancellation);

    public override async Task destroy(Call call, Ref<VDI> self) => await store.DestroyAsync(self).ConfigureAwait(false);

    /// <summary>A copy as the image is now, which knows what it is a snapshot of.</summary>
    public override Task<Ref<VDI>> snapshot(Call call, Ref<VDI> vdi, ImmutableSortedDictionary<string, string>? driver_params = null) =>
        store.CopyAsync(vdi, row => Snapshot(row, vdi), call.Cancellation);

    public override Task<Ref<VDI>> clone(Call call, Ref<VDI> vdi, ImmutableSortedDictionary<string, string>? driver_params = null) =>
        store.CopyAsync(vdi, static row => row, call.Cancellation);

    /// <summary>A full copy, to another SR or over an existing VDI. Raises VDI_READONLY, VDI_TOO_SMALL; NOT_IMPLEMENTED for a difference only.</summary>
    public override async Task<Ref<VDI>> copy(Call call, Ref<VDI> vdi, Ref<SR> sr = default, Ref<VDI> base_vdi = default, Ref<VDI> into_vdi = default)
    {
        if (!base_vdi.IsNull)
        {
            throw new XenApiError("NOT_IMPLEMENTED", "VDI.copy with a base VDI");
        }

        if (into_vdi.IsNull)
        {
            return await store.CopyAsync(vdi, row => row with { SR = sr.IsNull ? row.SR : sr }, call.Cancellation).ConfigureAwait(false);
        }

        if ((await database.Get(into_vdi, call.Cancellation).ConfigureAwait(false)).read_only)
        {
            throw new XenApiError("VDI_READONLY", into_vdi.ToString());
        }

        await store.OverwriteAsync(vdi, into_vdi, call.Cancellation).ConfigureAwait(false);
        return into_vdi;
    }

    public override Task resize(Call call, Ref<VDI> vdi, long size) => store.ResizeAsync(vdi, size, call.Cancellation);

    public override async Task forget(Call call, Ref<VDI> vdi) =>
        await store.ForgetAsync(vdi, await database.Get(vdi, call.Cancellation).ConfigureAwait(false)).ConfigureAwait(false);

    public override Task update(Call call, Ref<VDI> vdi) => store.RefreshAsync(vdi, call.Cancellation);

    /// <summary>Makes an image that is in the SR already a VDI. Raises VDI_LOCATION_MISSING [SR; location].</summary>
    public override async Task<Ref<VDI>> introduce(
        Call call, string uuid, string name_label, string name_description, Ref<SR> SR, vdi_type type, bool sharable, bool read_only,
        ImmutableSortedDictionary<string, string> other_config, string location, ImmutableSortedDictionary<string, string>? xenstore_data = null,
        ImmutableSortedDictionary<string, string>? sm_config = null, bool managed = true, long virtual_size = 0, long physical_utilisation = 0,
        Ref<pool> metadata_of_pool = default, bool is_a_snapshot = false, DateTimeOffset snapshot_time = default, Ref<VDI> snapshot_of = default)
    {
        FileRepository repository = await store.OpenAsync(SR, call.Cancellation).ConfigureAwait(false);
        if (repository.Usage(uuid) is null)
        {
            throw new XenApiError("VDI_LOCATION_MISSING", SR.ToString(), location);
        }

        VDI row = new()
        {
            uuid = uuid,
            location = uuid,
            name_label = name_label,
            name_description = name_description,
            SR = SR,
            type = type,
            sharable = sharable,
            read_only = read_only,
            other_config = other_config,
            xenstore_data = xenstore_data ?? ImmutableSortedDictionary<string, string>.Empty,
            sm_config = sm_config ?? ImmutableSortedDictionary<string, string>.Empty,
            managed = managed,
            is_a_snapshot = is_a_snapshot,
            snapshot_time = snapshot_time == default ? DateTimeOffset.UnixEpoch : snapshot_time,
            snapshot_of = snapshot_of.IsNull ? Ref<VDI>.Null : snapshot_of,
        };
        foreach ((Ref<VDI> self, VDI known) in await database.GetAll<VDI>(call.Cancellation).ConfigureAwait(false))
        {
            if (known.uuid == uuid && known.SR == SR)
            {
                // A scan was quicker: what the caller knows of the image is added.
                await database.Update(self, current => row with
                {
                    VBDs = current.VBDs,
                    snapshots = current.snapshots,
                    crash_dumps = current.crash_dumps,
                    allowed_operations = current.allowed_operations,
                    current_operations = current.current_operations,
                    virtual_size = current.virtual_size,
                    physical_utilisation = current.physical_utilisation,
                }, call.Cancellation).ConfigureAwait(false);
                return self;
            }
        }

        return await store.AddAsync(repository, row, call.Cancellation).ConfigureAwait(false);
    }

    public override async Task set_name_label(Call call, Ref<VDI> self, string value) =>
        await database.Update(self, row => row with { name_label = value }, call.Cancellation).ConfigureAwait(false);

    public override async Task set_name_description(Call call, Ref<VDI> self, string value) =>
        await database.Update(self, row => row with { name_description = value }, call.Cancellation).ConfigureAwait(false);

    public override async Task set_sharable(Call call, Ref<VDI> self, bool value)
    {
        await database.Update(self, row => row with { sharable = value }, call.Cancellation).ConfigureAwait(false);
        await store.Facts.UpdateAllowedAsync(self, call.Cancellation).ConfigureAwait(false);
    }

    public override async Task set_read_only(Call call, Ref<VDI> self, bool value) =>
        await database.Update(self, row => row with { read_only = value }, call.Cancellation).ConfigureAwait(false);

    public override async Task set_allow_caching(Call call, Ref<VDI> self, bool value) =>
        await database.Update(self, row => row with { allow_caching = value }, call.Cancellation).ConfigureAwait(false);

    /// <summary>No SR here can put an image back when its VM boots: raises SR_OPERATION_NOT_SUPPORTED [SR] for that.</summary>
    public override async Task set_on_boot(Call call, Ref<VDI> self, on_boot value) =>
        await database.Update(self, row => value == on_boot.persist
            ? row with { on_boot = value }
            : throw new XenApiError("SR_OPERATION_NOT_SUPPORTED", row.SR.ToString()), call.Cancellation).ConfigureAwait(false);

    /// <summary>The row of a snapshot of <paramref name="original"/> taken now.</summary>
    internal static VDI Snapshot(VDI row, Ref<VDI> original) =>
        row with { is_a_snapshot = true, snapshot_of = original, snapshot_time = DateTimeOffset.FromUnixTimeSeconds(DateTimeOffset.UtcNow.ToUnixTimeSeconds()) };
}
