using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>
/// Brings the database and a xenopsd that was out of sight together: VMs that run here and belong here are adopted, VMs that belong to
/// another host are ended (never run twice), VMs that the database believed to run here and do not are halted.
/// </summary>
internal sealed class XenopsSync(
    IXenops xenops, XenopsTasks tasks, XapiDatabase database, HostIdentity identity, VmUpdates updates, StartsAtWork starts, ILogger logger)
{
    private const string Debug = "resync";

    /// <summary>When this process took up its work, in seconds since 1970.</summary>
    private readonly double began = (DateTimeOffset.UtcNow - DateTimeOffset.UnixEpoch).TotalSeconds;

    /// <summary>Returns the VMs that have to be looked at again, for it is not known yet where they are. Raises XenopsError when xenopsd does not answer.</summary>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancel)
    {
        await DropTasksAsync(cancel).ConfigureAwait(false);
        ImmutableArray<(Vm vm, VmState state)> known = await xenops.VmList(Debug, cancel).ConfigureAwait(false);
        IReadOnlyList<KeyValuePair<Ref<VM>, VM>> rows = await database.GetAll<VM>(cancel).ConfigureAwait(false);
        Dictionary<string, KeyValuePair<Ref<VM>, VM>> byUuid = rows.ToDictionary(static r => r.Value.uuid, StringComparer.Ordinal);
        HashSet<string> here = new(StringComparer.Ordinal);
        HashSet<string> moving = [.. rows.Where(static r => IsMoving(r.Value)).Select(static r => MigrationIds.Stem(r.Value.uuid))];
        foreach ((Vm vm, VmState state) in known)
        {
            here.Add(vm.id);
            if (moving.Contains(MigrationIds.Stem(vm.id)))
            {
                continue;
            }

            bool isKnown = byUuid.TryGetValue(vm.id, out KeyValuePair<Ref<VM>, VM> row);
            // A migration that nobody completed: the VM is here, for xenopsd lists one that arrived once it is this host's.
            bool arrived = isKnown && row.Value.resident_on != identity.Localhost
                && row.Value.scheduled_to_be_resident_on == identity.Localhost && state.power_state != PowerState.Halted;
            bool belongs = isKnown && (arrived || row.Value.resident_on.IsNull || row.Value.resident_on == identity.Localhost);
            if (!belongs)
            {
                await EndAsync(vm.id, state, cancel).ConfigureAwait(false);
                here.Remove(vm.id);
            }
            else if (IsStartInDoubt(row.Value) && state.power_state is PowerState.Halted or PowerState.Suspended)
            {
                // Behind whatever xenopsd still does of that start; settled below.
                await starts.SettleAsync(row.Key, async () =>
                {
                    await RemoveAsync(vm.id, lives: false, cancel).ConfigureAwait(false);
                    return true;
                }).ConfigureAwait(false);
            }
            else if ((arrived || row.Value.resident_on.IsNull) && state.power_state != PowerState.Halted)
            {
                Log.Adopted(logger, vm.id);
                await AdoptAsync(row.Key, state, cancel).ConfigureAwait(false);
            }
            else if (IsOver(row.Value) && state.power_state == PowerState.Halted)
            {
                await RemoveAsync(vm.id, lives: false, cancel).ConfigureAwait(false);
            }
        }

        HashSet<string> stems = [.. here.Select(MigrationIds.Stem)];
        List<string> open = [];
        foreach ((Ref<VM> self, VM row) in rows.Where(static r => !IsMoving(r.Value)))
        {
            if (MigrationDoubt.MayHaveLeft(row, identity.Localhost))
            {
                open.Add(row.uuid);
            }
            else if (IsStartInDoubt(row))
            {
                if (!await SettleStartAsync(self, row.uuid, cancel).ConfigureAwait(false))
                {
                    open.Add(row.uuid);
                }
            }
            else if (stems.Contains(MigrationIds.Stem(row.uuid)))
            {
                continue;
            }
            else if (row.resident_on == identity.Localhost && !row.is_control_domain)
            {
                Log.NotRunning(logger, row.uuid);
                await updates.ApplyAsync(self, row, null, cancel).ConfigureAwait(false);
            }
            else if (row.scheduled_to_be_resident_on == identity.Localhost && !row.resident_on.IsNull
                && !await MigrationDoubt.IsArrivingAsync(xenops, Debug, row.uuid).ConfigureAwait(false))
            {
                // It was to come here, and there is nothing of it: its source may say what it is now. One that is on its way is promised
                // until it has come, or goes on at its source.
                await database.Update(self, MigrationDoubt.Settled, cancel).ConfigureAwait(false);
            }
        }

        return open;
    }

    /// <summary>A VM being migrated is in two places, under its own and under temporary ids; the operation settles where it is.</summary>
    private static bool IsMoving(VM row) => row.current_operations.ContainsValue(vm_operations.pool_migrate);

    /// <summary>It was to start or resume here for a caller who is gone.</summary>
    private bool IsStartInDoubt(VM row) => StartDoubt.IsOpen(row) && row.scheduled_to_be_resident_on == identity.Localhost;

    /// <summary>True when there is nothing of the VM here, and nobody at work who will make something: it may start anywhere again.</summary>
    private Task<bool> SettleStartAsync(Ref<VM> self, string uuid, CancellationToken cancel) => starts.SettleAsync(self, async () =>
    {
        if (await xenops.VmExists(Debug, uuid, cancel).ConfigureAwait(false))
        {
            return false;
        }

        await database.Update(self, row => StartDoubt.Settled(row, identity.Localhost), cancel).ConfigureAwait(false);
        return true;
    });

    /// <summary>It ended, and the xenopsd that was to forget it was gone before it did.</summary>
    private static bool IsOver(VM row) => row.resident_on.IsNull && row.power_state == vm_power_state.Halted && row.current_operations.IsEmpty;

    private async Task AdoptAsync(Ref<VM> self, VmState state, CancellationToken cancel)
    {
        VM row = await database.Update(self, current => VmRows.Residing(current, identity.Localhost), cancel).ConfigureAwait(false);
        await updates.ApplyAsync(self, row, state, cancel).ConfigureAwait(false);
    }

    /// <summary>Tasks from before this process: nobody waits for them any more. Those that still run go when they end.</summary>
    private async Task DropTasksAsync(CancellationToken cancel)
    {
        foreach (TaskInfo one in await xenops.TaskList(Debug, cancel).ConfigureAwait(false))
        {
            if (one.ctime >= began)
            {
                continue;
            }

            try
            {
                await (one.state is TaskState.Pending
                    ? xenops.TaskDestroyOnFinish(Debug, one.id, cancel)
                    : xenops.TaskDestroy(Debug, one.id, cancel)).ConfigureAwait(false);
            }
            catch (XenopsError e) when (!XenopsTransport.IsOutage(e))
            {
                // It ended or went by itself meanwhile.
            }
        }
    }

    private Task EndAsync(string uuid, VmState state, CancellationToken cancel)
    {
        Log.Stray(logger, uuid, state.power_state.ToString());
        return RemoveAsync(uuid, state.power_state != PowerState.Halted, cancel);
    }

    private async Task RemoveAsync(string uuid, bool lives, CancellationToken cancel)
    {
        try
        {
            if (lives)
            {
                string id = await xenops.VmShutdown(Debug, uuid, null, cancel).ConfigureAwait(false);
                await tasks.WaitAsync(Debug, id, null, cancel).ConfigureAwait(false);
            }

            await xenops.VmRemove(Debug, uuid, cancel).ConfigureAwait(false);
        }
        catch (XenopsError e) when (!XenopsTransport.IsOutage(e))
        {
            // One VM that cannot be ended must not keep the others from being brought in line.
            Log.ForgetFailed(logger, uuid, e.Message);
        }
    }
}
