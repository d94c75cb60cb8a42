using System.Collections.Immutable;
using System.Globalization;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http;

namespace Toolstack.Xapi.Pool;

/// <summary>A member's side of belonging to a pool: it says hello until the coordinator lets it in, then sends its heartbeat, and says when it stops.</summary>
internal sealed class MemberLink(XenApiClient client, HostIdentity identity, OwnRows rows, Membership.Arrival arrival, Func<CancellationToken, Task>? certified, TimeSpan interval, ILogger logger)
{
    private const string ShuttingDown = "shutting-down";
    private readonly Channel<bool> pulse = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    /// <summary><paramref name="refused"/> is told what calls are to be answered with meanwhile. Ends when the coordinator has let this host in; <see cref="HostIdentity.Localhost"/> is known then.</summary>
    internal async Task JoinAsync(HostFacts facts, Action<XenApiError> refused, CancellationToken cancel)
    {
        for (TimeSpan pause = PoolLimits.FirstPause; ; pause = PoolLimits.Longer(pause))
        {
            string reason;
            try
            {
                await EnterCertificateAsync(cancel).ConfigureAwait(false);
                switch (await HelloAsync(cancel).ConfigureAwait(false))
                {
                    case hello_return.ok:
                        await BringAsync(cancel).ConfigureAwait(false);
                        identity.Localhost = await rows.FindAsync(cancel).ConfigureAwait(false);
                        Log.Joined(logger, identity.CoordinatorAddress);
                        return;
                    case hello_return.unknown_host:
                        refused(new XenApiError("HOST_UNKNOWN_TO_MASTER", identity.Uuid));
                        if (!await BringAsync(cancel).ConfigureAwait(false))
                        {
                            await rows.CreateAsync(facts, cancel).ConfigureAwait(false);
                        }

                        continue;
                    default:
                        refused(new XenApiError("HOST_MASTER_CANNOT_TALK_BACK", identity.Address));
                        reason = $"it cannot reach {identity.Address}";
                        break;
                }
            }
            catch (XenApiError error)
            {
                reason = error.Message;
                pause = error.Code is "SESSION_AUTHENTICATION_FAILED" or "HOST_IS_SLAVE" ? PoolLimits.RefusedPause : pause;
            }

            Log.HelloFailed(logger, identity.CoordinatorAddress, pause, reason);
            await Task.Delay(pause, cancel).ConfigureAwait(false);
        }
    }

    /// <summary>By which certificate the coordinator is to know this host when it calls back. Whatever fails here is told by the hello.</summary>
    private async Task EnterCertificateAsync(CancellationToken cancel)
    {
        try
        {
            if (certified is not null && await rows.FindAsync(cancel).ConfigureAwait(false) is { IsNull: false } self)
            {
                identity.Localhost = self;
                await certified(cancel).ConfigureAwait(false);
            }
        }
        catch (XenApiError)
        {
            // It has no certificate, then.
        }
    }

    /// <summary>False when a host that has been a member before has nothing to bring.</summary>
    private async Task<bool> BringAsync(CancellationToken cancel)
    {
        bool pending = arrival.IsPending;
        if (pending)
        {
            await arrival.BringAsync(cancel).ConfigureAwait(false);
        }

        return pending;
    }

    /// <summary>Sends the heartbeat until cancelled, then says that this host stops. <paramref name="round"/> runs with each heartbeat that
    /// arrived: a coordinator that was restarted has forgotten what is not persistent. <paramref name="away"/> is told what calls are to be answered
    /// with while the coordinator has not answered for long, and null when it does again.</summary>
    internal async Task HeartbeatAsync(Func<CancellationToken, Task> round, Action<XenApiError?> away, CancellationToken cancel)
    {
        TimeSpan pause = PoolLimits.FirstPause;
        long heard = Environment.TickCount64;
        try
        {
            while (true)
            {
                try
                {
                    await TickleAsync("time", DateTimeOffset.UtcNow.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture), PoolLimits.CallDeadline, cancel)
                        .ConfigureAwait(false);
                    heard = Environment.TickCount64;
                    away(null);
                    await round(cancel).ConfigureAwait(false);
                    pause = PoolLimits.FirstPause;
                    await PulseOrIntervalAsync(cancel).ConfigureAwait(false);
                }
                catch (XenApiError error)
                {
                    Log.HeartbeatFailed(logger, identity.CoordinatorAddress, error.Message);
                    if (error.Code == "CANNOT_CONTACT_HOST" && Environment.TickCount64 - heard > interval.TotalMilliseconds + PoolLimits.AwayAfter.TotalMilliseconds)
                    {
                        away(new XenApiError("HOST_STILL_BOOTING"));
                    }

                    await Task.Delay(pause, cancel).ConfigureAwait(false);
                    pause = PoolLimits.Longer(pause);
                }
            }
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            await FarewellAsync().ConfigureAwait(false);
        }
    }

    /// <summary>Makes the next heartbeat come at once: the coordinator is asking for this host.</summary>
    internal void Pulse() => pulse.Writer.TryWrite(true);

    private async Task PulseOrIntervalAsync(CancellationToken cancel)
    {
        using var due = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        due.CancelAfter(interval);
        try
        {
            await pulse.Reader.ReadAsync(due.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            // The interval is over.
        }
    }

    private async Task<hello_return> HelloAsync(CancellationToken cancel)
    {
        Value answer = await client.CallAsync(identity.CoordinatorAddress, "pool.hello",
            [new Value.Text(identity.Uuid), new Value.Text(identity.Address)], null, PoolLimits.CallDeadline, cancel).ConfigureAwait(false);
        return hello_returnCodec.Parse(answer.AsString());
    }

    private Task<Value> TickleAsync(string key, string value, TimeSpan deadline, CancellationToken cancel)
    {
        ImmutableArray<Value> arguments =
        [
            new Value.Text(identity.Localhost.ToString()), new Value.Struct([KeyValuePair.Create(key, (Value)new Value.Text(value))]),
        ];
        return client.CallAsync(identity.CoordinatorAddress, "host.tickle_heartbeat", arguments, null, deadline, cancel);
    }

    private async Task FarewellAsync()
    {
        try
        {
            await TickleAsync(ShuttingDown, "true", PoolLimits.FarewellDeadline, CancellationToken.None).ConfigureAwait(false);
        }
        catch (XenApiError error)
        {
            Log.HeartbeatFailed(logger, identity.CoordinatorAddress, error.Message);
        }
    }
}
