using System.Collections.Concurrent;
using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>
/// Keeps the database true to what xenopsd observes. A loop takes xenopsd's updates; operations ask for a refresh of one VM when they need
/// the database to be up to date, or suppress a VM's updates while it passes through states that nobody is to see.
/// A VM's updates apply only while the database says that it is resident here. One that runs here and is not is watched: the operation that
/// brings it states its residency at its end, and when that operation was lost with its xapi, the VM is adopted once the database says that it
/// runs nowhere.
/// </summary>
internal sealed class XenopsEvents(
    IXenops xenops, XenopsTasks tasks, XapiDatabase database, HostIdentity identity, VmUpdates updates, DeviceUpdates devices,
    Func<CancellationToken, Task<IReadOnlyList<string>>> resync, ILogger logger)
{
    private const string Debug = "events";
    private const long PollSeconds = 5;

    /// <summary>The poll while VMs run here that the database does not place here.</summary>
    private const long WatchSeconds = 1;

    /// <summary>How long updates are followed before xenopsd is asked whether it is still the same process: however many come, they do not say that.</summary>
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    private readonly VmSuppression suppression = new();

    /// <summary>Ids of the VMs that run here and are not resident here; at most as many as xenopsd has.</summary>
    private readonly ConcurrentDictionary<string, bool> unplaced = new(StringComparer.Ordinal);

    /// <summary>Ids of the VMs that are to be refreshed: a refresh failed, or was left to an operation.</summary>
    private readonly ConcurrentDictionary<string, bool> owed = new(StringComparer.Ordinal);

    /// <summary>Operations that ask for the VM's state themselves when they are over, whatever they ended in.</summary>
    private static readonly ImmutableHashSet<vm_operations> Refreshing =
    [
        vm_operations.start, vm_operations.start_on, vm_operations.hard_shutdown, vm_operations.clean_shutdown, vm_operations.pause,
        vm_operations.unpause, vm_operations.suspend, vm_operations.hard_reboot, vm_operations.clean_reboot,
    ];

    /// <summary>The process of xenopsd whose updates are followed.</summary>
    private volatile string? instance;

    /// <summary>Runs until cancelled. Starts from nothing, which reports every object, whenever xenopsd is another process than before.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        long? last = null;
        TimeSpan pause = FirstPause;
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                string now = (await xenops.Query(Debug, cancel).ConfigureAwait(false)).instance_id;
                if (now != instance)
                {
                    Log.XenopsdSeen(logger, now);
                    foreach (string open in await resync(cancel).ConfigureAwait(false))
                    {
                        owed[open] = true;
                    }

                    (instance, last) = (now, null);
                }

                last = await DrainAsync(last, cancel).ConfigureAwait(false);
                pause = FirstPause;
            }
            catch (Exception e) when (e is XenopsError or XenApiError)
            {
                Log.EventsInterrupted(logger, e.Message);
                await PauseAsync(pause, cancel).ConfigureAwait(false);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>When it ends the database says what xenopsd says of the VM now, unless the VM is suppressed or not resident here.</summary>
    public Task RefreshAsync(string vm, CancellationToken cancel) => suppression.SerializeAsync(vm, () =>
    {
        // What was noticed up to here is in the state that is asked for now.
        owed.TryRemove(vm, out _);
        return UpdateAsync(vm, cancel);
    }, cancel);

    /// <summary>Runs <paramref name="work"/> while nothing brings the VM's row up to date, and nothing makes xenopsd forget a VM that has ended; not at all while
    /// the VM is suppressed.</summary>
    public Task UndisturbedAsync(string vm, Func<Task> work, CancellationToken cancel) =>
        suppression.SerializeAsync(vm, () => suppression.IsSuppressed(vm) ? Task.CompletedTask : work(), cancel);

    /// <summary>The VM is refreshed soon although xenopsd need not have anything new of it.</summary>
    public void LookAt(string vm) => owed[vm] = true;

    /// <summary>Suppresses the VM's updates until the result is disposed; the outermost disposal refreshes the VM.</summary>
    public async Task<IAsyncDisposable> SuppressAsync(string vm, CancellationToken cancel)
    {
        // Behind an update under way, which would otherwise still write afterwards.
        await suppression.SerializeAsync(vm, () =>
        {
            suppression.Enter(vm);
            return Task.CompletedTask;
        }, cancel).ConfigureAwait(false);
        return new Suppressed(this, vm);
    }

    /// <summary>Takes updates until none came for a while, or the round is over; returns where to go on.</summary>
    private async Task<long?> DrainAsync(long? last, CancellationToken cancel)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            (ImmutableArray<(long id, ImmutableArray<DynamicId> objects)> barriers, ImmutableArray<DynamicId> events, long next) =
                await xenops.UpdatesGet(Debug, last, unplaced.IsEmpty && owed.IsEmpty ? PollSeconds : WatchSeconds, cancel).ConfigureAwait(false);
            foreach ((long id, ImmutableArray<DynamicId> objects) in barriers)
            {
                await HandleAsync(objects, cancel).ConfigureAwait(false);
                await xenops.UpdatesRemoveBarrier(Debug, id, cancel).ConfigureAwait(false);
            }

            await HandleAsync(events, cancel).ConfigureAwait(false);
            await HandleAsync([.. unplaced.Keys.Select(static vm => new DynamicId.Vm(vm))], cancel).ConfigureAwait(false);
            await RepeatAsync(cancel).ConfigureAwait(false);
            if ((events.IsEmpty && barriers.IsEmpty) || TimeProvider.System.GetElapsedTime(began) > Round)
            {
                return next;
            }

            last = next;
        }
    }

    private async Task HandleAsync(ImmutableArray<DynamicId> objects, CancellationToken cancel)
    {
        // Somebody waits for each task; rows may follow a little later.
        foreach (DynamicId.Task task in objects.OfType<DynamicId.Task>())
        {
            tasks.Changed(task.id);
        }

        foreach (DynamicId changed in objects.Distinct())
        {
            switch (changed)
            {
                case DynamicId.Vm vm:
                    await NoticeAsync(vm.id, cancel).ConfigureAwait(false);
                    break;
                case DynamicId.Vbd disk:
                    await DeviceAsync(disk.vm, self => devices.RefreshDiskAsync(self, disk.device, cancel), cancel).ConfigureAwait(false);
                    break;
                case DynamicId.Vif vif:
                    await DeviceAsync(vif.vm, self => devices.RefreshInterfaceAsync(self, vif.device, cancel), cancel).ConfigureAwait(false);
                    break;
                default:
                    // Tasks were told of; devices that are passed through have no state in this database.
                    break;
            }
        }
    }

    private async Task UpdateAsync(string uuid, CancellationToken cancel)
    {
        if (suppression.IsSuppressed(uuid) || await FindAsync(uuid, cancel).ConfigureAwait(false) is not { } self)
        {
            return;
        }

        if (await database.Find(self, cancel).ConfigureAwait(false) is not { } row)
        {
            unplaced.TryRemove(uuid, out _);
            return;
        }

        VmState? state = await StatAsync(uuid, cancel).ConfigureAwait(false);
        if (row.resident_on != identity.Localhost && !await AdoptAsync(uuid, self, state, cancel).ConfigureAwait(false))
        {
            return;
        }

        unplaced.TryRemove(uuid, out _);
        if (state is null && !await IsSameInstanceAsync(cancel).ConfigureAwait(false))
        {
            // A xenopsd that has just been replaced is asked as a whole: what it has not found yet must not be taken for halted.
            return;
        }

        (bool isOpen, state) = await SettleAsync(uuid, self, row, state, cancel).ConfigureAwait(false);
        if (!isOpen)
        {
            await updates.ApplyAsync(self, row, state, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Open is where a VM is that leaves, or left, this host by a migration which nobody completes: where it arrives, its host says, and
    /// until then the database keeps what it has. One that goes on here, and is not being sent, is promised to nobody else any more.</summary>
    private async Task<(bool IsOpen, VmState? State)> SettleAsync(string uuid, Ref<VM> self, VM row, VmState? state, CancellationToken cancel)
    {
        if (!MigrationDoubt.MayHaveLeft(row, identity.Localhost))
        {
            return (false, state);
        }

        if (state is null || await MigrationDoubt.IsInDoubtAsync(xenops, Debug, uuid).ConfigureAwait(false))
        {
            // Its domain has another name at last: that none is seen says nothing of the VM.
            owed[uuid] = true;
            return (state is not { power_state: PowerState.Running or PowerState.Paused }, state);
        }

        // It is not being sent any more. Whether it is still here must be asked after that: it may have left since its state was read.
        state = await StatAsync(uuid, cancel).ConfigureAwait(false);
        if (state is null)
        {
            owed[uuid] = true;
            return (true, null);
        }

        await database.Update(self, MigrationDoubt.Settled, cancel).ConfigureAwait(false);
        return (false, state);
    }

    /// <summary>False while another process of xenopsd answers than the one whose updates are followed. Before the loop has begun there is none.</summary>
    private async Task<bool> IsSameInstanceAsync(CancellationToken cancel) =>
        instance is not { } known || (await xenops.Query(Debug, cancel).ConfigureAwait(false)).instance_id == known;

    /// <summary>A device's row changes with the VM's lock, and not while the VM is suppressed. What is detached only on the way of an operation,
    /// as when a VM is suspended or boots again, stays attached in the database.</summary>
    private Task DeviceAsync(string uuid, Func<Ref<VM>, Task> refresh, CancellationToken cancel) => suppression.SerializeAsync(uuid, async () =>
    {
        if (!suppression.IsSuppressed(uuid) && !await IsRefreshedByOperationAsync(uuid, cancel).ConfigureAwait(false)
            && await FindAsync(uuid, cancel).ConfigureAwait(false) is { } self)
        {
            await refresh(self).ConfigureAwait(false);
        }
    }, cancel);

    /// <summary>A VM has changed. While an operation runs that will ask for the VM's state at its end, the many changes on the way there are
    /// only noted.</summary>
    private async Task NoticeAsync(string uuid, CancellationToken cancel)
    {
        if (await IsRefreshedByOperationAsync(uuid, cancel).ConfigureAwait(false))
        {
            owed[uuid] = true;
        }
        else
        {
            await RefreshAsync(uuid, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Refreshes the VMs whose refresh failed or was left to an operation that has ended; a failure ends the round, and the loop comes back.</summary>
    private async Task RepeatAsync(CancellationToken cancel)
    {
        foreach (string uuid in owed.Keys)
        {
            if (await IsRefreshedByOperationAsync(uuid, cancel).ConfigureAwait(false))
            {
                continue;
            }

            try
            {
                await RefreshAsync(uuid, cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is XenopsError or XenApiError)
            {
                owed[uuid] = true;
                throw;
            }
        }
    }

    private async Task<bool> IsRefreshedByOperationAsync(string uuid, CancellationToken cancel) =>
        await FindAsync(uuid, cancel).ConfigureAwait(false) is { } self
        && await database.Find(self, cancel).ConfigureAwait(false) is { } row
        && row.current_operations.Values.Any(Refreshing.Contains);

    /// <summary>True when a VM that was not resident here now is. Nothing is decided while an operation works on the VM, nor while another host
    /// is believed to run it: that host's own look decides first, unless a migration that nobody completed was to bring the VM here.</summary>
    private async Task<bool> AdoptAsync(string uuid, Ref<VM> self, VmState? state, CancellationToken cancel)
    {
        if (state is null or { power_state: not (PowerState.Running or PowerState.Paused) })
        {
            unplaced.TryRemove(uuid, out _);
            return false;
        }

        unplaced[uuid] = true;
        bool adopted = false;
        VM after = await database.Update(self, current =>
        {
            bool arrived = current.scheduled_to_be_resident_on == identity.Localhost;
            adopted = (current.resident_on.IsNull || arrived) && current.resident_on != identity.Localhost && current.current_operations.IsEmpty;
            return adopted ? VmRows.Residing(current, identity.Localhost) : current;
        }, cancel).ConfigureAwait(false);
        if (adopted)
        {
            Log.Adopted(logger, uuid);
        }

        return after.resident_on == identity.Localhost;
    }

    private async Task<VmState?> StatAsync(string uuid, CancellationToken cancel)
    {
        try
        {
            return (await xenops.VmStat(Debug, uuid, cancel).ConfigureAwait(false)).state;
        }
        catch (XenopsError e) when (e.Value is XenopsErrorValue.Does_not_exist)
        {
            return null;
        }
    }

    /// <summary>Null for ids that no VM of the pool has, such as those of a migration under way.</summary>
    private async Task<Ref<VM>?> FindAsync(string uuid, CancellationToken cancel)
    {
        try
        {
            return await database.GetByUuid<VM>(uuid, cancel).ConfigureAwait(false);
        }
        catch (XenApiError e) when (e.Code == "UUID_INVALID")
        {
            return null;
        }
    }

    private static async Task PauseAsync(TimeSpan time, CancellationToken cancel)
    {
        try
        {
            await Task.Delay(time, cancel).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The loop ends by its own condition.
        }
    }

    private async Task LeaveAsync(string vm)
    {
        if (!suppression.Leave(vm))
        {
            return;
        }

        try
        {
            await RefreshAsync(vm, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (e is XenopsError or XenApiError)
        {
            // xenopsd or the database does not answer: the loop makes up for it once they do.
            owed[vm] = true;
            Log.EventsInterrupted(logger, e.Message);
        }
    }

    private sealed class Suppressed(XenopsEvents owner, string vm) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await owner.LeaveAsync(vm).ConfigureAwait(false);
    }
}
