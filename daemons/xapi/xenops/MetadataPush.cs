using System.Collections.Immutable;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Forwarding;
using Toolstack.Xapi.Pool;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>
/// Tells xenopsd what clients change of the VMs that run here: what is to happen when the guest crashes or reboots by itself, for example, counts
/// for the domain that runs. A VM with an operation under way is left to the end of the operation, which changes its row once more; one that is then
/// still promised to another host is looked at, for its migration has ended without telling, as with its coordinator.
/// </summary>
internal sealed class MetadataPush(
    RowChanges changes, IXenops xenops, XenopsEvents events, XapiDatabase database, HostIdentity identity, DeviceDescriber devices, PushedMetadata pushed,
    ILogger logger)
{
    private const string Debug = "metadata";

    /// <summary>How long one wait for changes takes.</summary>
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(60);

    /// <summary>How soon what failed is tried again.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>The least time between two looks, so that many changes cost one.</summary>
    private static readonly TimeSpan Pace = TimeSpan.FromMilliseconds(200);

    /// <summary>VMs that could not be told of; at most those that are resident here.</summary>
    private readonly HashSet<string> owed = new(StringComparer.Ordinal);
    private ImmutableHashSet<string> residents = [];
    private string token = "";

    /// <summary>Runs until cancelled. Raises nothing but OperationCanceledException.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (true)
        {
            TimeSpan pause = Pace;
            try
            {
                await RoundAsync(cancel).ConfigureAwait(false);
            }
            catch (Exception e) when (e is XenopsError or XenApiError)
            {
                // From the beginning, which costs little: what xenopsd knows already is not told again.
                Log.MetadataDelayed(logger, "", e.Message);
                (token, pause) = ("", RetryAfter);
            }

            await Task.Delay(pause, cancel).ConfigureAwait(false);
        }
    }

    private async Task RoundAsync(CancellationToken cancel)
    {
        host self = await database.Get(identity.Localhost, cancel).ConfigureAwait(false);
        ImmutableHashSet<string> now = [.. self.resident_VMs.Where(vm => vm != self.control_domain).Select(static vm => vm.ToString())];
        IEnumerable<string> arrived = now.Except(residents);
        owed.IntersectWith(now);
        if (pushed.HasSurplus(now.Count))
        {
            await PruneAsync(now, cancel).ConfigureAwait(false);
        }

        foreach (string vm in arrived.Concat(owed.ToArray()))
        {
            await TellAsync(vm, cancel).ConfigureAwait(false);
        }

        residents = now;
        (ImmutableArray<string> changed, token) = await changes(
            [$"host/{identity.Localhost}", .. now.Select(static vm => $"VM/{vm}")], token, owed.Count > 0 ? RetryAfter : Wait, cancel).ConfigureAwait(false);
        foreach (string vm in changed)
        {
            await TellAsync(vm, cancel).ConfigureAwait(false);
        }
    }

    private async Task PruneAsync(ImmutableHashSet<string> now, CancellationToken cancel)
    {
        HashSet<string> uuids = new(StringComparer.Ordinal);
        foreach (string vm in now)
        {
            if (await database.Find(new Ref<VM>(vm), cancel).ConfigureAwait(false) is { } row)
            {
                uuids.Add(row.uuid);
            }
        }

        pushed.Prune(uuids);
    }

    private async Task TellAsync(string reference, CancellationToken cancel)
    {
        owed.Remove(reference);
        var self = new Ref<VM>(reference);
        if (await database.Find(self, cancel).ConfigureAwait(false) is not { } seen)
        {
            return;
        }

        if (seen.current_operations.IsEmpty && MigrationDoubt.MayHaveLeft(seen, identity.Localhost))
        {
            events.LookAt(seen.uuid);
        }

        if (IsKnown(seen))
        {
            return;
        }

        try
        {
            // What forgets the VM, or brings it elsewhere, waits meanwhile: xenopsd would take an unknown VM for a new one.
            await events.UndisturbedAsync(seen.uuid, async () =>
            {
                if (await database.Find(self, cancel).ConfigureAwait(false) is { } row && !IsKnown(row))
                {
                    Metadata metadata = VmMetadata.BuildRunning(row, await devices.DescribeAsync(row, cancel).ConfigureAwait(false));
                    await xenops.VmImportMetadata(Debug, JsonValueWriter.Text(w => MetadataCodec.Write(w, metadata)), cancel).ConfigureAwait(false);
                    pushed.Note(VmMetadata.Build(row).vm);
                }
            }, cancel).ConfigureAwait(false);
        }
        catch (Exception e) when (e is XenopsError or XenApiError)
        {
            owed.Add(reference);
            Log.MetadataDelayed(logger, seen.uuid, e.Message);
        }
    }

    /// <summary>True when there is nothing to tell, now at least: word of a VM that is leaving could reach xenopsd after it has left, and make it anew.</summary>
    private bool IsKnown(VM row) =>
        row.resident_on != identity.Localhost
        || MigrationDoubt.MayHaveLeft(row, identity.Localhost)
        || row.power_state is not (vm_power_state.Running or vm_power_state.Paused)
        || !row.current_operations.IsEmpty
        || row.is_control_domain
        || pushed.Knows(VmMetadata.Build(row).vm);
}
