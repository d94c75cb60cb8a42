using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Forwarding;

/// <summary>Promises memory of hosts to VMs that are about to run there. One decision at a time: two VMs are never promised the same memory.</summary>
internal sealed class Reservations(XapiDatabase database, HostChooser chooser) : IDisposable
{
    /// <summary>How long the memory of a member that lives may stay unknown.</summary>
    private static readonly TimeSpan MeasuredDeadline = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan MeasuredPoll = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim turn = new(1, 1);

    /// <summary>Promises the host's memory to the VM. For one that is to start there (<paramref name="starts"/>) everything else it needs is
    /// checked too. False when the promise of an earlier call stands already: whether that one moved or started the VM is not known yet, and the
    /// promise is not the caller's to take back.
    /// Raises HOST_NOT_ENOUGH_FREE_MEMORY [needed; available], HANDLE_INVALID, and what <see cref="BootCheck"/> raises; when the VM is promised to
    /// another host so, VM_MIGRATE_FAILED [vm; source; target; why], or OTHER_OPERATION_IN_PROGRESS [VM; vm] for one that is to start.</summary>
    public async ValueTask<bool> ReserveAsync(Ref<VM> vm, Ref<host> host, bool starts, CancellationToken cancel)
    {
        await UntilMeasuredAsync((await database.Get(host, cancel).ConfigureAwait(false)).metrics, cancel).ConfigureAwait(false);
        await turn.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            VM guest = await WithOverheadAsync(vm, cancel).ConfigureAwait(false);
            if (starts)
            {
                await BootCheck.AssertAsync(database, vm, guest, host, memory: false, cancel).ConfigureAwait(false);
            }

            bool standing = MigrationDoubt.IsPromisedAway(guest);
            if (standing && guest.scheduled_to_be_resident_on != host)
            {
                throw starts
                    ? new XenApiError(OtherOperation.Code, "VM", vm.ToString())
                    : new XenApiError("VM_MIGRATE_FAILED", vm.ToString(), guest.resident_on.ToString(), host.ToString(),
                        $"an earlier migration to {guest.scheduled_to_be_resident_on} has not been settled yet");
            }

            await HostMemory.AssertFitsAsync(database, host, vm, guest, cancel).ConfigureAwait(false);
            await ScheduleAsync(vm, host, cancel).ConfigureAwait(false);
            return !standing;
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Chooses a host for the VM and promises its memory. The promise of an earlier call of which nobody knows what it came to stands:
    /// the VM goes to that host again, and the promise is not the caller's to take back. Raises NO_HOSTS_AVAILABLE, HOST_NOT_ENOUGH_FREE_MEMORY.</summary>
    public async ValueTask<(Ref<host> Host, bool Stands)> ElectAsync(Ref<VM> vm, Ref<host> coordinator, CancellationToken cancel)
    {
        foreach ((_, host candidate) in await database.GetAll<host>(cancel).ConfigureAwait(false))
        {
            await UntilMeasuredAsync(candidate.metrics, cancel).ConfigureAwait(false);
        }

        await turn.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            VM guest = await WithOverheadAsync(vm, cancel).ConfigureAwait(false);
            Ref<host> host = await chooser.ChooseAsync(vm, guest, coordinatorBias: false, coordinator, cancel).ConfigureAwait(false);
            await HostMemory.AssertFitsAsync(database, host, vm, guest, cancel).ConfigureAwait(false);
            await ScheduleAsync(vm, host, cancel).ConfigureAwait(false);
            return (host, guest.scheduled_to_be_resident_on == host);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Takes the promise back; nothing when the VM is gone. Not cancellable.</summary>
    public async ValueTask ClearAsync(Ref<VM> vm)
    {
        if (await database.Find(vm).ConfigureAwait(false) is not null)
        {
            await ScheduleAsync(vm, Ref<host>.Null, CancellationToken.None).ConfigureAwait(false);
        }
    }

    public void Dispose() => turn.Dispose();

    /// <summary>A coordinator that has just been started knows that a member lives before it knows its memory: the member's first heartbeat comes first.
    /// After the wait what is known counts.</summary>
    private async ValueTask UntilMeasuredAsync(Ref<host_metrics> metrics, CancellationToken cancel)
    {
        long began = TimeProvider.System.GetTimestamp();
        while (await database.Find(metrics, cancel).ConfigureAwait(false) is { live: true, memory_total: 0 }
            && TimeProvider.System.GetElapsedTime(began) < MeasuredDeadline)
        {
            await Task.Delay(MeasuredPoll, cancel).ConfigureAwait(false);
        }
    }

    private async ValueTask ScheduleAsync(Ref<VM> vm, Ref<host> host, CancellationToken cancel) =>
        await database.Update(vm, row => row with { scheduled_to_be_resident_on = host }, cancel).ConfigureAwait(false);

    /// <summary>The overhead is cached in the row and must be as new as the fields it follows from.</summary>
    private ValueTask<VM> WithOverheadAsync(Ref<VM> vm, CancellationToken cancel) =>
        database.Update(vm, static row => row with { memory_overhead = VmRows.Memory(row).OverheadBytes }, cancel);
}
