using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Storage;

/// <summary>VDIs with their images, as this host reaches them: what the messages of class VDI and the life cycle of VMs have in common.
/// Raises SR_NOT_ATTACHED [SR] where this host has no attached PBD, SR_BACKEND_FAILURE_* for the files, HANDLE_INVALID.</summary>
internal sealed class VdiStore(XapiDatabase database, HostIdentity identity)
{
    private readonly StorageFacts facts = new(database);

    internal StorageFacts Facts => facts;

    /// <summary>Whether this host has an attached PBD to the SR.</summary>
    internal async ValueTask<bool> IsAttachedHereAsync(Ref<SR> self, CancellationToken cancel) =>
        await FindPbdAsync(self, attached: true, cancel).ConfigureAwait(false) is not null;

    /// <summary>The repository through this host's attached PBD.</summary>
    internal async ValueTask<FileRepository> OpenAsync(Ref<SR> self, CancellationToken cancel)
    {
        PBD way = await FindPbdAsync(self, attached: true, cancel).ConfigureAwait(false) ?? throw StorageErrors.NotAttached(self);
        SR row = await database.Get(self, cancel).ConfigureAwait(false);
        return new FileRepository(way.device_config, row.uuid);
    }

    /// <summary>The repository through this host's PBD, attached or not. Raises SR_NO_PBDS [SR].</summary>
    internal async ValueTask<FileRepository> OpenDetachedAsync(Ref<SR> self, CancellationToken cancel)
    {
        PBD way = await FindPbdAsync(self, attached: false, cancel).ConfigureAwait(false) ?? throw new XenApiError("SR_NO_PBDS", self.ToString());
        SR row = await database.Get(self, cancel).ConfigureAwait(false);
        return new FileRepository(way.device_config, row.uuid);
    }

    /// <summary>The path of the image, for xenopsd.</summary>
    internal async ValueTask<string> PathAsync(Ref<VDI> self, CancellationToken cancel)
    {
        VDI row = await database.Get(self, cancel).ConfigureAwait(false);
        return (await OpenAsync(row.SR, cancel).ConfigureAwait(false)).PathOf(row.uuid);
    }

    /// <summary>Makes an empty image of <c>virtual_size</c> bytes and the row to it.</summary>
    internal async Task<Ref<VDI>> CreateAsync(VDI row, CancellationToken cancel)
    {
        FileRepository repository = await OpenAsync(row.SR, cancel).ConfigureAwait(false);
        string uuid = Guid.NewGuid().ToString();
        long size = repository.Create(uuid, row.virtual_size);
        return await AddNewAsync(repository, Fresh(row, uuid) with { virtual_size = size }, cancel).ConfigureAwait(false);
    }

    /// <summary>Makes a copy of the image, in the SR that <paramref name="shape"/> says, and the row to it: the original's as
    /// <paramref name="shape"/> changes it.</summary>
    internal async Task<Ref<VDI>> CopyAsync(Ref<VDI> original, Func<VDI, VDI> shape, CancellationToken cancel)
    {
        VDI from = await database.Get(original, cancel).ConfigureAwait(false);
        string uuid = Guid.NewGuid().ToString();
        VDI row = shape(Fresh(from, uuid));
        string path = await PathAsync(original, cancel).ConfigureAwait(false);
        FileRepository repository = await OpenAsync(row.SR, cancel).ConfigureAwait(false);
        await Task.Run(() => repository.CopyFrom(path, uuid, cancel), CancellationToken.None).ConfigureAwait(false);
        return await AddNewAsync(repository, row, cancel).ConfigureAwait(false);
    }

    /// <summary>Writes the content of one VDI over that of another, which is at least as large.</summary>
    internal async Task OverwriteAsync(Ref<VDI> from, Ref<VDI> to, CancellationToken cancel)
    {
        VDI source = await database.Get(from, cancel).ConfigureAwait(false);
        VDI target = await database.Get(to, cancel).ConfigureAwait(false);
        if (target.virtual_size < source.virtual_size)
        {
            throw new XenApiError("VDI_TOO_SMALL", to.ToString(), $"{source.virtual_size}");
        }

        string path = await PathAsync(from, cancel).ConfigureAwait(false);
        FileRepository repository = await OpenAsync(target.SR, cancel).ConfigureAwait(false);
        await Task.Run(() => repository.Overwrite(path, target.uuid, cancel), CancellationToken.None).ConfigureAwait(false);
        await RefreshAsync(to, cancel).ConfigureAwait(false);
    }

    internal async Task ResizeAsync(Ref<VDI> self, long size, CancellationToken cancel)
    {
        VDI row = await database.Get(self, cancel).ConfigureAwait(false);
        if (size < row.virtual_size)
        {
            throw StorageErrors.InvalidSize(size);
        }

        (await OpenAsync(row.SR, cancel).ConfigureAwait(false)).Resize(row.uuid, size);
        await RefreshAsync(self, cancel).ConfigureAwait(false);
        await RefreshSpaceAsync(row.SR, cancel).ConfigureAwait(false);
    }

    /// <summary>Deletes image and row. A VDI that is gone already is no error. Not cancellable half-way.</summary>
    internal async Task DestroyAsync(Ref<VDI> self)
    {
        if (await database.Find(self).ConfigureAwait(false) is { } row)
        {
            (await OpenAsync(row.SR, CancellationToken.None).ConfigureAwait(false)).Delete(row.uuid);
            await ForgetAsync(self, row).ConfigureAwait(false);
            await RefreshSpaceAsync(row.SR, CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>Deletes the row; disks that were made of it go with it, drives become empty.</summary>
    internal async Task ForgetAsync(Ref<VDI> self, VDI row)
    {
        foreach (Ref<VBD> one in row.VBDs)
        {
            if (await database.Find(one).ConfigureAwait(false) is not { } vbd)
            {
                continue;
            }

            if (vbd.type == vbd_type.CD)
            {
                await database.Update(one, static current => current with { VDI = Ref<VDI>.Null, empty = true }).ConfigureAwait(false);
            }
            else
            {
                await database.Destroy(one).ConfigureAwait(false);
            }
        }

        await database.Destroy(self).ConfigureAwait(false);
    }

    /// <summary>Brings sizes and allowed operations of a VDI up to date. Raises VDI_MISSING [SR; VDI].</summary>
    internal async Task RefreshAsync(Ref<VDI> self, CancellationToken cancel)
    {
        VDI row = await database.Get(self, cancel).ConfigureAwait(false);
        (long size, long allocated) = (await OpenAsync(row.SR, cancel).ConfigureAwait(false)).Usage(row.uuid)
            ?? throw new XenApiError("VDI_MISSING", row.SR.ToString(), self.ToString());
        await database.Update(self, current => current with { virtual_size = size, physical_utilisation = allocated, missing = false }, cancel)
            .ConfigureAwait(false);
        await facts.UpdateAllowedAsync(self, cancel).ConfigureAwait(false);
    }

    /// <summary>Makes the rows agree with the images: rows for new ones, none for those that are gone.</summary>
    internal async Task ScanAsync(Ref<SR> self, CancellationToken cancel)
    {
        FileRepository repository = await OpenAsync(self, cancel).ConfigureAwait(false);
        repository.Check();
        HashSet<string> images = [.. repository.Images()];
        foreach (Ref<VDI> one in (await database.Get(self, cancel).ConfigureAwait(false)).VDIs)
        {
            if (await database.Find(one, cancel).ConfigureAwait(false) is not { } row)
            {
                continue;
            }

            if (images.Remove(row.uuid))
            {
                await RefreshAsync(one, cancel).ConfigureAwait(false);
            }
            else if (row.current_operations.IsEmpty && !(await facts.UseAsync(row, cancel).ConfigureAwait(false)).Attached)
            {
                await ForgetAsync(one, row).ConfigureAwait(false);
            }
        }

        foreach (string uuid in images)
        {
            await AddAsync(repository, Fresh(new VDI { SR = self, type = vdi_type.user, virtual_size = 0 }, uuid), cancel).ConfigureAwait(false);
        }

        await RefreshSpaceAsync(self, cancel).ConfigureAwait(false);
    }

    /// <summary>Brings the sums of an SR up to date.</summary>
    internal async Task RefreshSpaceAsync(Ref<SR> self, CancellationToken cancel)
    {
        (long total, long used) = (await OpenAsync(self, cancel).ConfigureAwait(false)).Space();
        long promised = 0;
        foreach (Ref<VDI> one in (await database.Get(self, cancel).ConfigureAwait(false)).VDIs)
        {
            promised += (await database.Find(one, cancel).ConfigureAwait(false))?.virtual_size ?? 0;
        }

        await database.Update(self,
            row => row with { physical_size = total, physical_utilisation = used, virtual_allocation = promised }, cancel).ConfigureAwait(false);
        await facts.UpdateAllowedAsync(self, cancel).ConfigureAwait(false);
    }

    /// <summary>The row to an image that is there. Raises VDI_LOCATION_MISSING [SR; location].</summary>
    internal async Task<Ref<VDI>> AddAsync(FileRepository repository, VDI row, CancellationToken cancel)
    {
        (long size, long allocated) = repository.Usage(row.uuid) ?? throw new XenApiError("VDI_LOCATION_MISSING", row.SR.ToString(), row.location);
        Ref<VDI> self = await database.Create(row with { virtual_size = size, physical_utilisation = allocated }, cancel).ConfigureAwait(false);
        await facts.UpdateAllowedAsync(self, cancel).ConfigureAwait(false);
        await RefreshSpaceAsync(row.SR, cancel).ConfigureAwait(false);
        return self;
    }

    /// <summary>The row to an image that was just made, which goes again when there can be no row.</summary>
    private async Task<Ref<VDI>> AddNewAsync(FileRepository repository, VDI row, CancellationToken cancel)
    {
        try
        {
            return await AddAsync(repository, row, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is XenApiError or OperationCanceledException)
        {
            repository.Delete(row.uuid);
            throw;
        }
    }

    /// <summary>The row of a VDI that nothing refers to, with another's settings.</summary>
    private static VDI Fresh(VDI original, string uuid) => original with
    {
        uuid = uuid,
        location = uuid,
        managed = true,
        missing = false,
        storage_lock = false,
        current_operations = original.current_operations.Clear(),
        allowed_operations = [],
        VBDs = [],
        crash_dumps = [],
        snapshots = [],
        is_a_snapshot = false,
        snapshot_of = Ref<VDI>.Null,
        snapshot_time = DateTimeOffset.UnixEpoch,
        parent = Ref<VDI>.Null,
        metadata_of_pool = Ref<pool>.Null,
        metadata_latest = false,
    };

    private async ValueTask<PBD?> FindPbdAsync(Ref<SR> self, bool attached, CancellationToken cancel)
    {
        SR row = await database.Get(self, cancel).ConfigureAwait(false);
        foreach (Ref<PBD> one in row.PBDs)
        {
            if (await database.Find(one, cancel).ConfigureAwait(false) is { } way && way.host == identity.Localhost
                && (way.currently_attached || !attached))
            {
                return way;
            }
        }

        return null;
    }
}
