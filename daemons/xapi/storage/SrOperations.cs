using System.Collections.Immutable;
using System.Xml.Linq;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Reports;

namespace Toolstack.Xapi.Storage;

/// <summary>The messages of class SR for the type <c>file</c>. Forwarding has locked the SR and chosen this host.</summary>
internal sealed class SrOperations(
    XapiDatabase database, HostIdentity identity, VdiStore store, PbdOperations ways, IRemoteHosts remote, ILogger logger) : SRMessages
{
    private static readonly ImmutableSortedDictionary<string, string> NoConfig = ImmutableSortedDictionary<string, string>.Empty;

    public override Task<Ref<blob>> create_new_blob(Call call, Ref<SR> sr, string name, string mime_type, bool @public) => BlobStore.AddAsync(
        database, sr, name, mime_type, @public, (row, blob) => row with { blobs = row.blobs.SetItem(name, blob) }, call.Cancellation);

    /// <summary>Raises SR_UNKNOWN_DRIVER [type], SR_BACKEND_FAILURE_*. A shared SR gets a PBD for every host; one that cannot be attached
    /// on another host stays unattached there.</summary>
    public override async Task<Ref<SR>> create(
        Call call, Ref<host> host, ImmutableSortedDictionary<string, string> device_config, long physical_size, string name_label,
        string name_description, string type, string content_type, bool shared, ImmutableSortedDictionary<string, string>? sm_config = null)
    {
        AssertKnown(type);
        string uuid = Guid.NewGuid().ToString();
        FileRepository repository = new(device_config, uuid);
        repository.Make();
        Ref<SR> self = await AddAsync(uuid, name_label, name_description, type, content_type, shared, sm_config, call.Cancellation).ConfigureAwait(false);
        try
        {
            await ways.PlugAsync(await ways.AddAsync(self, host, device_config, NoConfig, call.Cancellation).ConfigureAwait(false), call.Cancellation)
                .ConfigureAwait(false);
        }
        catch (XenApiError)
        {
            await DropAsync(self).ConfigureAwait(false);
            repository.Remove();
            throw;
        }

        if (shared)
        {
            await AttachElsewhereAsync(self, host, device_config, call.Cancellation).ConfigureAwait(false);
        }

        return self;
    }

    /// <summary>Raises SR_UNKNOWN_DRIVER [type], SR_UUID_EXISTS [uuid].</summary>
    public override async Task<Ref<SR>> introduce(
        Call call, string uuid, string name_label, string name_description, string type, string content_type, bool shared,
        ImmutableSortedDictionary<string, string>? sm_config = null)
    {
        AssertKnown(type);
        string chosen = uuid.Length > 0 ? uuid : Guid.NewGuid().ToString();
        if ((await database.GetAll<SR>(call.Cancellation).ConfigureAwait(false)).Any(row => row.Value.uuid == chosen))
        {
            throw new XenApiError("SR_UUID_EXISTS", chosen);
        }

        return await AddAsync(chosen, name_label, name_description, type, content_type, shared, sm_config, call.Cancellation).ConfigureAwait(false);
    }

    public override async Task forget(Call call, Ref<SR> sr) => await DropAsync(sr).ConfigureAwait(false);

    public override async Task destroy(Call call, Ref<SR> sr)
    {
        FileRepository repository = await store.OpenDetachedAsync(sr, call.Cancellation).ConfigureAwait(false);
        repository.Remove();
        await DropAsync(sr).ConfigureAwait(false);
    }

    public override Task scan(Call call, Ref<SR> sr) => store.ScanAsync(sr, call.Cancellation);

    public override Task update(Call call, Ref<SR> sr) => store.RefreshSpaceAsync(sr, call.Cancellation);

    public override Task<ImmutableArray<string>> get_supported_types(Call call) => Task.FromResult(ImmutableArray.Create(FileRepository.Type));

    /// <summary>XML: the SRs at the location.</summary>
    public override Task<string> probe(
        Call call, Ref<host> host, ImmutableSortedDictionary<string, string> device_config, string type,
        ImmutableSortedDictionary<string, string>? sm_config = null)
    {
        AssertKnown(type);
        XElement list = new("SRlist", FileRepository.Probe(device_config).Select(static uuid => new XElement("SR", new XElement("UUID", uuid))));
        return Task.FromResult("<?xml version=\"1.0\" ?>\n" + list);
    }

    public override async Task set_name_label(Call call, Ref<SR> sr, string value) =>
        await database.Update(sr, row => row with { name_label = value }, call.Cancellation).ConfigureAwait(false);

    public override async Task set_name_description(Call call, Ref<SR> sr, string value) =>
        await database.Update(sr, row => row with { name_description = value }, call.Cancellation).ConfigureAwait(false);

    public override async Task set_physical_size(Call call, Ref<SR> self, long value) =>
        await database.Update(self, row => row with { physical_size = value }, call.Cancellation).ConfigureAwait(false);

    /// <summary>Raises SR_HAS_MULTIPLE_PBDS [PBD] when an SR of several hosts is to be one host's.</summary>
    public override async Task set_shared(Call call, Ref<SR> sr, bool value) =>
        await database.Update(sr, row => !value && row.PBDs.Length > 1
            ? throw new XenApiError("SR_HAS_MULTIPLE_PBDS", row.PBDs[0].ToString())
            : row with { shared = value }, call.Cancellation).ConfigureAwait(false);

    private static void AssertKnown(string type)
    {
        if (!type.Equals(FileRepository.Type, StringComparison.OrdinalIgnoreCase))
        {
            throw new XenApiError("SR_UNKNOWN_DRIVER", type);
        }
    }

    private async Task<Ref<SR>> AddAsync(
        string uuid, string label, string description, string type, string content, bool shared, ImmutableSortedDictionary<string, string>? smConfig,
        CancellationToken cancel)
    {
        Ref<SR> self = await database.Create(new SR
        {
            uuid = uuid,
            name_label = label,
            name_description = description,
            type = type.ToLowerInvariant(),
            content_type = content,
            shared = shared,
            sm_config = smConfig ?? NoConfig,
        }, cancel).ConfigureAwait(false);
        await store.Facts.UpdateAllowedAsync(self, cancel).ConfigureAwait(false);
        return self;
    }

    private async Task AttachElsewhereAsync(Ref<SR> self, Ref<host> here, ImmutableSortedDictionary<string, string> config, CancellationToken cancel)
    {
        foreach ((Ref<host> other, _) in await database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            if (other == here)
            {
                continue;
            }

            Ref<PBD> way = await ways.AddAsync(self, other, config, NoConfig, cancel).ConfigureAwait(false);
            try
            {
                await remote.CallCoordinatorAsync("PBD.plug", [new Value.Text(way.ToString())], cancel).ConfigureAwait(false);
            }
            catch (XenApiError e)
            {
                Log.NotAttachedElsewhere(logger, self.ToString(), other.ToString(), e.Message);
            }
        }
    }

    /// <summary>Removes the rows of an SR that no host has attached. Its images stay.</summary>
    private async Task DropAsync(Ref<SR> self)
    {
        SR row = await database.Get(self).ConfigureAwait(false);
        foreach (Ref<VDI> one in row.VDIs)
        {
            if (await database.Find(one).ConfigureAwait(false) is { } vdi)
            {
                await store.ForgetAsync(one, vdi).ConfigureAwait(false);
            }
        }

        foreach (Ref<PBD> one in row.PBDs)
        {
            await database.Destroy(one).ConfigureAwait(false);
        }

        await database.Destroy(self).ConfigureAwait(false);
        Log.RepositoryForgotten(logger, row.uuid, identity.Uuid);
    }
}
