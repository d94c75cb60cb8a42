using System.Globalization;
using Tmds.Linux;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Guest;
using Toolstack.XenSimulator.Host;
using Toolstack.XenSimulator.Memory;

namespace Toolstack.XenSimulator.GuestOs;

/// <summary>
/// Follows memory/target (KiB): gives frames up, those in use too if need be, or asks the host for more. What the guest cannot do
/// without stays; what the host has not got is asked for again.
/// </summary>
internal sealed class BalloonDriver(SimulatedGuest guest, SimulatedDomain domain, SimulatedHost host, GuestPaths paths)
{
    private const long PagesPerMib = (1 << 20) / GuestMemory.PageSize;
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);

    public async Task RunAsync(XenstoreClient client, CancellationToken cancel)
    {
        if (!domain.Settings.HasBalloon)
        {
            return;
        }

        await client.WriteAsync(paths.Home + "/control/feature-balloon", "1", cancel).ConfigureAwait(false);
        var watch = await client.WatchAsync(paths.MemoryTarget, cancel).ConfigureAwait(false);
        while (await watch.Events.WaitToReadAsync(cancel).ConfigureAwait(false))
        {
            await FollowAsync(client, watch, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>Until the target is met or a new one comes.</summary>
    private async Task FollowAsync(XenstoreClient client, XenstoreWatch watch, CancellationToken cancel)
    {
        while (watch.Events.TryRead(out _))
        {
        }

        do
        {
            if (!await guest.ListensAsync(cancel).ConfigureAwait(false) || await TargetAsync(client, cancel).ConfigureAwait(false) is not { } target)
            {
                return;
            }

            if (target != domain.Pages && domain.Settings.BalloonDelay > TimeSpan.Zero)
            {
                await Task.Delay(domain.Settings.BalloonDelay, cancel).ConfigureAwait(false);
                await domain.UntilRunningAsync(cancel).ConfigureAwait(false);
            }

            if (Move(target))
            {
                return;
            }

            await Task.Delay(Retry, cancel).ConfigureAwait(false);
        }
        while (!watch.Events.TryPeek(out _));
    }

    /// <summary>One step towards the target; false when there is something left to ask the host for.</summary>
    private bool Move(long target)
    {
        try
        {
            if (target < domain.Pages)
            {
                host.Claim(domain, Math.Max(target, domain.WithSlices(slices => Shrink(slices, target))));
                return true;
            }

            var most = Math.Min(target, Math.Min(domain.MaxMemoryBytes / GuestMemory.PageSize, domain.WithSlices(s => s.Sum(slice => slice.Pages))));
            var step = Math.Min(most, domain.Pages + Math.Max(0, host.FreeBytes / GuestMemory.PageSize));
            if (step > domain.Pages)
            {
                host.Claim(domain, step);
            }

            return domain.Pages >= most;
        }
        catch (HypercallError error) when (error.Value is HypercallErrorValue.Errno refused && (refused.number == LibC.ENOMEM || refused.number == LibC.ESRCH))
        {
            // Another domain was quicker, or this one is ending.
            return false;
        }
    }

    /// <summary>Gives up frames in use until the rest fits; returns how many stay in use.</summary>
    private static long Shrink(IReadOnlyList<GuestSlice> slices, long target)
    {
        var held = slices.Sum(s => s.Frames.Held);
        foreach (var slice in slices)
        {
            if (held > target)
            {
                held -= slice.GiveUp(held - target);
            }
        }

        return held;
    }

    private async Task<long?> TargetAsync(XenstoreClient client, CancellationToken cancel)
    {
        const long kibPerPage = GuestMemory.PageSize / 1024;
        var text = await client.ReadAsync(paths.MemoryTarget, cancel).ConfigureAwait(false);
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var kib) && kib / kibPerPage >= PagesPerMib ? kib / kibPerPage : null;
    }
}
