using System.Collections.Concurrent;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Migration;

/// <summary>
/// The connections that bring the state of graphics cards (xenops protocol, <c>vgpu</c>). A source opens one right after the control connection, and
/// waits on it for the word that it was taken; the migration that it belongs to may not have begun by then, so that either waits for the other here.
/// </summary>
internal sealed class VgpuConnections(PhaseTimes times)
{
    private readonly ConcurrentDictionary<string, Meeting> meetings = new(StringComparer.Ordinal);

    /// <summary>Gives a connection to the migration that it belongs to, and tells the source so. Raises Does_not_exist when there is none, or it has one.</summary>
    internal async Task OfferAsync(string temporary, MigrationConnection vgpus, CancellationToken cancel)
    {
        var meeting = meetings.GetOrAdd(temporary, static _ => new Meeting());
        if (!meeting.Offered.TrySetResult(vgpus))
        {
            throw XenopsError.DoesNotExist("migration", temporary);
        }

        try
        {
            await meeting.Wanted.Task.WaitAsync(times.MemoryConnection, cancel).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            Forget(temporary, meeting);
            throw XenopsError.DoesNotExist("migration", temporary);
        }

        await Handshake.SendSuccessAsync(vgpus.Bytes, cancel).ConfigureAwait(false);
    }

    /// <summary>The connection of a migration, once its source says on <paramref name="control"/> that it was taken; the caller's then. Raises what the source
    /// says, IOException and TimeoutException.</summary>
    internal async Task<MigrationConnection> TakeAsync(string temporary, MigrationConnection control, CancellationToken cancel)
    {
        var meeting = meetings.GetOrAdd(temporary, static _ => new Meeting());
        try
        {
            meeting.Wanted.TrySetResult();
            await Handshake.ExpectSuccessAsync(control.Bytes, "point 1-vgpu ack", times.MemoryConnection, cancel).ConfigureAwait(false);
            return meeting.Offered.Task.IsCompletedSuccessfully
                ? await meeting.Offered.Task.ConfigureAwait(false)
                : throw XenopsError.Internal("the source acknowledged a vgpu connection that did not come");
        }
        catch
        {
            if (meeting.Offered.Task.IsCompletedSuccessfully)
            {
                (await meeting.Offered.Task.ConfigureAwait(false)).Dispose();
            }

            throw;
        }
        finally
        {
            Forget(temporary, meeting);
        }
    }

    private void Forget(string temporary, Meeting meeting) => meetings.TryRemove(new KeyValuePair<string, Meeting>(temporary, meeting));

    private sealed class Meeting
    {
        internal TaskCompletionSource<MigrationConnection> Offered { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        internal TaskCompletionSource Wanted { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
