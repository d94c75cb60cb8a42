using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Forwarding;

/// <summary>Takes back promises of VMs that were to start on a host which has not lost its xapi since, but perhaps the call: no host starts a VM so long
/// after it was told to. A host that is not seen alive keeps what it was promised, however long that takes.</summary>
internal sealed class OldPromises(XapiDatabase database, TimeProvider clock)
{
    /// <summary>After so long no host still starts a VM for a caller that is gone.</summary>
    internal static readonly TimeSpan StartsAreOver = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private readonly Dictionary<Ref<VM>, (Ref<host> Host, long Since)> open = [];

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        do
        {
            await RoundAsync(cancel).ConfigureAwait(false);
        }
        while (await timer.WaitForNextTickAsync(cancel).ConfigureAwait(false));
    }

    /// <summary>One look at all VMs.</summary>
    public async Task RoundAsync(CancellationToken cancel)
    {
        HashSet<Ref<VM>> seen = [];
        foreach ((Ref<VM> self, VM row) in await database.GetAll<VM>(cancel).ConfigureAwait(false))
        {
            if (StartDoubt.IsOpen(row) && await IsLiveAsync(row.scheduled_to_be_resident_on, cancel).ConfigureAwait(false))
            {
                seen.Add(self);
                await LookAsync(self, row.scheduled_to_be_resident_on, cancel).ConfigureAwait(false);
            }
        }

        foreach (Ref<VM> settled in open.Keys.Where(vm => !seen.Contains(vm)).ToArray())
        {
            open.Remove(settled);
        }
    }

    private async Task LookAsync(Ref<VM> self, Ref<host> promised, CancellationToken cancel)
    {
        if (!open.TryGetValue(self, out var known) || known.Host != promised)
        {
            open[self] = (promised, clock.GetTimestamp());
        }
        else if (clock.GetElapsedTime(known.Since) >= StartsAreOver && await database.Find(self, cancel).ConfigureAwait(false) is not null)
        {
            await database.Update(self, row => StartDoubt.Settled(row, promised), cancel).ConfigureAwait(false);
        }
    }

    /// <summary>A host that has left the pool has taken nothing along: the VMs it had were asked about then.</summary>
    private async Task<bool> IsLiveAsync(Ref<host> self, CancellationToken cancel) =>
        await database.Find(self, cancel).ConfigureAwait(false) is not { } row
        || await database.Find(row.metrics, cancel).ConfigureAwait(false) is { live: true };
}
