using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Live migration within the pool. The source host runs it; the target host completes it, and only there does the VM's residency change.</summary>
internal sealed partial class VmOperations
{
    private static readonly ImmutableSortedDictionary<string, string> NoDisks = ImmutableSortedDictionary<string, string>.Empty;
    private static readonly ImmutableSortedDictionary<string, Network> NoNetworks = ImmutableSortedDictionary<string, Network>.Empty;
    private static readonly ImmutableSortedDictionary<string, PciAddress> NoDevices = ImmutableSortedDictionary<string, PciAddress>.Empty;

    public override async Task pool_migrate(Call call, Ref<VM> vm, Ref<host> host, ImmutableSortedDictionary<string, string> options)
    {
        CallContext context = Context(call);
        VM row = await GetAsync(call, vm).ConfigureAwait(false);
        host target = await database.Get(host, call.Cancellation).ConfigureAwait(false);
        bool here = host == identity.Localhost;
        MigrateOptions wanted = MigrateOptions.Parse(options);
        pool? pool = await PoolAsync(call).ConfigureAwait(false);
        bool compress = wanted.Compress ?? (!here && pool is { migration_compression: true });
        string session = await context.Services.Client.PoolLoginAsync(target.address, call.Cancellation).ConfigureAwait(false);
        string server = settings.MigrationHttpsPort is { } port && !here ? $"https://{target.address}:{port}" : $"http://{target.address}:{settings.HttpPort}";
        string url = $"{server}/services/xenops?session_id={Uri.EscapeDataString(session)}";
        if (wanted.Passes.Length > 0)
        {
            // The fragment of a URL is for whoever follows it: xenopsd here reads it, and the target never sees it.
            url += $"#{wanted.Passes}";
        }

        bool verify = pool is { tls_verification_enabled: true }
            && await database.Find(identity.Localhost, call.Cancellation).ConfigureAwait(false) is not { tls_verification_enabled: false };
        Journey journey = new(url, compress, verify, here);
        await using (await xenops.SuppressAsync(row.uuid, call.Cancellation).ConfigureAwait(false))
        {
            // From here on nobody settles where the VM is before this call does.
            AssertPromised(await GetAsync(call, vm).ConfigureAwait(false), host);
            try
            {
                await MoveAsync(context, vm, row.uuid, journey).ConfigureAwait(false);
            }
            catch (XenApiError e)
            {
                await AssertLeftAsync(context, vm, row.uuid, host, e).ConfigureAwait(false);
            }

            if (!here)
            {
                await ForgetLeftAsync(context, vm, row.uuid).ConfigureAwait(false);
            }

            await CompleteAsync(context, vm, host).ConfigureAwait(false);
        }
    }

    /// <summary>Returns when the VM is on its target although its migration failed here. Raises the failure's error otherwise, VM_MIGRATE_FAILED when
    /// that did not come out.</summary>
    private async Task AssertLeftAsync(CallContext call, Ref<VM> vm, string uuid, Ref<host> target, XenApiError failure)
    {
        bool? left = target == identity.Localhost ? false : await HasLeftAsync(call, vm, uuid).ConfigureAwait(false);
        if (left is null)
        {
            throw MigrationDoubt.Error(vm, identity.Localhost, target, failure.Message);
        }

        if (left is false)
        {
            await EndIfSuspendedAsync(call, vm, uuid).ConfigureAwait(false);
            throw Named(failure, vm, target);
        }

        Ref<host> home = (await database.Get(vm, CancellationToken.None).ConfigureAwait(false)).resident_on;
        if (home != identity.Localhost && home != target)
        {
            // An earlier call, which had not ended when this one came, has moved it.
            throw Named(failure, vm, target);
        }

        Log.MovedAllTheSame(logger, uuid, failure.Message);
    }

    /// <summary>The VM has moved, whether xenopsd forgets it or not: one that is away is told to when it is asked what it has.</summary>
    private async Task ForgetLeftAsync(CallContext call, Ref<VM> vm, string uuid)
    {
        try
        {
            await xenops.ForgetAsync(call, vm, uuid).ConfigureAwait(false);
        }
        catch (XenApiError e)
        {
            Log.ForgetFailed(logger, uuid, e.Message);
        }
    }

    /// <summary>A failure of which nothing is known but its words (a daemon ended, a connection broke) is that of a migration:
    /// VM_MIGRATE_FAILED [vm; source; target; why].</summary>
    private XenApiError Named(XenApiError error, Ref<VM> vm, Ref<host> target) => error.Code == "INTERNAL_ERROR"
        ? new XenApiError("VM_MIGRATE_FAILED", vm.ToString(), identity.Localhost.ToString(), target.ToString(), error.Message)
        : error;

    /// <summary>On the target host: the VM is its own from now on, unless the promise has ended: then this comes late, and the VM may have moved on.</summary>
    public override async Task pool_migrate_complete(Call call, Ref<VM> vm, Ref<host> host)
    {
        VM row = await database.Update(vm, current => current.scheduled_to_be_resident_on == identity.Localhost ? VmRows.Residing(current, identity.Localhost) : current)
            .ConfigureAwait(false);
        await xenops.RefreshAsync(Context(call), vm, row.uuid).ConfigureAwait(false);
        await ChangeAsync(call, vm, static current => current).ConfigureAwait(false);
    }

    public override async Task atomic_set_resident_on(Call call, Ref<VM> vm, Ref<host> host) =>
        await database.Update(vm, row => VmRows.Residing(row, host), call.Cancellation).ConfigureAwait(false);

    private async Task MoveAsync(CallContext call, Ref<VM> vm, string uuid, Journey journey)
    {
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await xenops.RunAsync(call, vm, uuid, (x, debug) => x.VmMigrate(
                    debug, uuid, NoDisks, NoNetworks, NoDevices, journey.Url, journey.Compress, journey.Verify, journey.Here,
                    CancellationToken.None))
                    .ConfigureAwait(false);
                return;
            }
            catch (XenApiError e) when (attempt < settings.MigrationTries && !call.Cancellation.IsCancellationRequested && RebootedMeanwhile(e))
            {
                Log.MigrationRetried(logger, uuid, attempt, e.Message);
            }
        }
    }

    /// <summary>What a migration fails with when the guest reboots under it.</summary>
    private static bool RebootedMeanwhile(XenApiError error) =>
        error.Code == "TASK_CANCELLED" || (error.Code == "INTERNAL_ERROR" && error.Parameters is ["End_of_file"]);

    /// <summary>Whether the VM left this host although its migration failed here: xenopsd was restarted on the way, and learns from the target what
    /// became of the VM. Until then it shows its copy as paused. A VM that it does not have any more is the target's, which knows the rest.
    /// Null when that did not come out in time.</summary>
    private async Task<bool?> HasLeftAsync(CallContext call, Ref<VM> vm, string uuid)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (TimeProvider.System.GetElapsedTime(began) < settings.DoubtDeadline)
        {
            try
            {
                if (!await xenops.AskAsync(call, vm, uuid, (x, debug) => MigrationDoubt.IsInDoubtAsync(x, debug, uuid)).ConfigureAwait(false))
                {
                    return !await xenops.AskAsync(call, vm, uuid, (x, debug) => x.VmExists(debug, uuid, CancellationToken.None)).ConfigureAwait(false);
                }
            }
            catch (XenApiError e)
            {
                Log.ForgetFailed(logger, uuid, e.Message);
                return null;
            }

            await Task.Delay(settings.CompletionPause, call.Services.Stopping).ConfigureAwait(false);
        }

        return null;
    }

    /// <summary>A guest left suspended by a failed migration has no image to resume from: it is ended, so that the VM can be started again.</summary>
    private async Task EndIfSuspendedAsync(CallContext call, Ref<VM> vm, string uuid)
    {
        try
        {
            (_, VmState state) = await xenops.AskAsync(call, vm, uuid, (x, debug) => x.VmStat(debug, uuid, CancellationToken.None)).ConfigureAwait(false);
            if (state.power_state == PowerState.Suspended)
            {
                await xenops.RunAsync(
                    call, vm, uuid, (x, debug) => x.VmShutdown(debug, uuid, null, CancellationToken.None), CancellationToken.None).ConfigureAwait(false);
            }
        }
        catch (XenApiError e)
        {
            // The failure of the migration is the one to report; the refresh that follows states what is left.
            Log.ForgetFailed(logger, uuid, e.Message);
        }
    }

    /// <summary>The VM runs on the target already. If that host cannot be told, the database is, so that the VM is not taken for lost.</summary>
    private async Task CompleteAsync(CallContext call, Ref<VM> vm, Ref<host> host)
    {
        ImmutableArray<Value> arguments = [new Value.Text(vm.ToString()), new Value.Text(host.ToString())];
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                await remote.CallCoordinatorAsync("VM.pool_migrate_complete", arguments, CancellationToken.None).ConfigureAwait(false);
                return;
            }
            catch (XenApiError e)
            {
                Log.CompletionFailed(logger, vm.ToString(), host.ToString(), e.Message);
                if (attempt == settings.CompletionTries)
                {
                    await database.Update(vm, row => row.resident_on == identity.Localhost ? VmRows.Residing(row, host) : row).ConfigureAwait(false);
                    return;
                }
            }

            await Task.Delay(settings.CompletionPause, call.Services.Stopping).ConfigureAwait(false);
        }
    }

    private async Task<pool?> PoolAsync(Call call)
    {
        IReadOnlyList<KeyValuePair<Ref<pool>, pool>> pools = await database.GetAll<pool>(call.Cancellation).ConfigureAwait(false);
        return pools.Count > 0 ? pools[0].Value : null;
    }

    /// <summary>How a VM is to go. <c>Verify</c>: the target's certificate must be a trusted one; <c>Here</c>: to a new domain of this host.</summary>
    private sealed record Journey(string Url, bool Compress, bool Verify, bool Here);
}
