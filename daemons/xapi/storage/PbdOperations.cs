using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Storage;

/// <summary>The messages of class PBD: how the hosts reach SRs. Forwarding has locked the SR and chosen the PBD's host.</summary>
internal sealed class PbdOperations(XapiDatabase database, HostIdentity identity, VdiStore store) : PBDMessages
{
    /// <summary>A host has one PBD to an SR: asked for again, it is given as it is. Raises HANDLE_INVALID.</summary>
    public override async Task<Ref<PBD>> create(Call call, PBD args)
    {
        await database.Get(args.host, call.Cancellation).ConfigureAwait(false);
        SR repository = await database.Get(args.SR, call.Cancellation).ConfigureAwait(false);
        foreach (Ref<PBD> one in repository.PBDs)
        {
            if (await database.Find(one, call.Cancellation).ConfigureAwait(false) is { } row && row.host == args.host)
            {
                return one;
            }
        }

        if (!repository.shared && !repository.PBDs.IsEmpty)
        {
            throw new XenApiError("SR_NOT_SHARABLE", args.SR.ToString(), args.host.ToString());
        }

        return await AddAsync(args.SR, args.host, args.device_config, args.other_config, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>Raises OPERATION_NOT_ALLOWED for an attached one.</summary>
    public override async Task destroy(Call call, Ref<PBD> self)
    {
        PBD row = await DetachedAsync(self, call.Cancellation).ConfigureAwait(false);
        await database.Destroy(self, call.Cancellation).ConfigureAwait(false);
        await store.Facts.UpdateAllowedAsync(row.SR, call.Cancellation).ConfigureAwait(false);
    }

    public override Task plug(Call call, Ref<PBD> self) => PlugAsync(self, call.Cancellation);

    /// <summary>Raises VDI_IN_USE [VDI; detach] while a VM of this host uses a VDI of the SR.</summary>
    public override async Task unplug(Call call, Ref<PBD> self)
    {
        PBD row = await database.Get(self, call.Cancellation).ConfigureAwait(false);
        if (!row.currently_attached)
        {
            return;
        }

        await AssertUnusedHereAsync(row.SR, call.Cancellation).ConfigureAwait(false);
        await SetAttachedAsync(self, row.SR, attached: false, call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>Raises OPERATION_NOT_ALLOWED for an attached one.</summary>
    public override async Task set_device_config(Call call, Ref<PBD> self, ImmutableSortedDictionary<string, string> value)
    {
        await DetachedAsync(self, call.Cancellation).ConfigureAwait(false);
        await database.Update(self, row => row with { device_config = value }, call.Cancellation).ConfigureAwait(false);
    }

    internal async Task<Ref<PBD>> AddAsync(
        Ref<SR> repository, Ref<host> host, ImmutableSortedDictionary<string, string> deviceConfig,
        ImmutableSortedDictionary<string, string> otherConfig, CancellationToken cancel)
    {
        Ref<PBD> self = await database.Create(new PBD
        {
            uuid = Guid.NewGuid().ToString(),
            host = host,
            SR = repository,
            device_config = deviceConfig,
            other_config = otherConfig,
        }, cancel).ConfigureAwait(false);
        await store.Facts.UpdateAllowedAsync(repository, cancel).ConfigureAwait(false);
        return self;
    }

    /// <summary>Attaches the SR to this host and looks what is in it.</summary>
    internal async Task PlugAsync(Ref<PBD> self, CancellationToken cancel)
    {
        PBD row = await database.Get(self, cancel).ConfigureAwait(false);
        SR repository = await database.Get(row.SR, cancel).ConfigureAwait(false);
        new FileRepository(row.device_config, repository.uuid).Check();
        await SetAttachedAsync(self, row.SR, attached: true, cancel).ConfigureAwait(false);
        await store.ScanAsync(row.SR, cancel).ConfigureAwait(false);
    }

    /// <summary>At start: the database says of each of this host's PBDs whether the SR is really to be reached.</summary>
    internal async Task ReplugAsync(Action<string, string> failed, CancellationToken cancel)
    {
        foreach ((Ref<PBD> self, PBD row) in await database.GetAll<PBD>(cancel).ConfigureAwait(false))
        {
            if (row.host != identity.Localhost)
            {
                continue;
            }

            try
            {
                await PlugAsync(self, cancel).ConfigureAwait(false);
            }
            catch (XenApiError e)
            {
                failed(row.uuid, e.Message);
                await SetAttachedAsync(self, row.SR, attached: false, cancel).ConfigureAwait(false);
            }
        }
    }

    private async Task<PBD> DetachedAsync(Ref<PBD> self, CancellationToken cancel)
    {
        PBD row = await database.Get(self, cancel).ConfigureAwait(false);
        return row.currently_attached ? throw new XenApiError("OPERATION_NOT_ALLOWED", "PBD is currently attached") : row;
    }

    private async Task AssertUnusedHereAsync(Ref<SR> repository, CancellationToken cancel)
    {
        foreach (Ref<VDI> vdi in (await database.Get(repository, cancel).ConfigureAwait(false)).VDIs)
        {
            VDI? row = await database.Find(vdi, cancel).ConfigureAwait(false);
            foreach (Ref<VBD> one in row?.VBDs ?? [])
            {
                bool used = await database.Find(one, cancel).ConfigureAwait(false) is { currently_attached: true } vbd
                    && await database.Find(vbd.VM, cancel).ConfigureAwait(false) is { } vm && vm.resident_on == identity.Localhost;
                if (used)
                {
                    throw new XenApiError("VDI_IN_USE", vdi.ToString(), "detach");
                }
            }
        }
    }

    private async Task SetAttachedAsync(Ref<PBD> self, Ref<SR> repository, bool attached, CancellationToken cancel)
    {
        await database.Update(self, row => row with { currently_attached = attached }, cancel).ConfigureAwait(false);
        await store.Facts.UpdateAllowedAsync(repository, cancel).ConfigureAwait(false);
        foreach (Ref<VDI> vdi in (await database.Get(repository, cancel).ConfigureAwait(false)).VDIs)
        {
            await store.Facts.UpdateAllowedAsync(vdi, cancel).ConfigureAwait(false);
        }
    }
}
