using Toolstack.Hosting.Switch;
using Toolstack.Hosting.Switch.Wire;

namespace Toolstack.MessageSwitch;

/// <summary>Commands of one native client that take longer than a turn: reports, which are written, traces, which wait for something to happen, and
/// messages to be stored, which wait for the disk. They are answered beside the stream of frames, up to
/// <see cref="SwitchLimits.MaxSlowCommands"/> at a time.</summary>
internal sealed class SlowCommands(Turns turns, Settings settings, SwitchLink link, CancellationToken ended)
{
    private int underWay;

    /// <summary>True when the message was such a command: it will be answered.</summary>
    internal bool Take(BrokerClient client, SwitchMessage message)
    {
        switch (message)
        {
            case Store store:
                Store(client, store);
                return true;
            case Diagnose diagnose:
                Begin(diagnose, () => Task.Run(() => Report(diagnose, CompatAnswers.Diagnostics(turns.Run(static broker => broker.Diagnose())))));
                return true;
            case FollowTrace trace:
                Begin(trace, () => Task.Run(() => TraceAsync(trace)));
                return true;
            default:
                return false;
        }
    }

    // The turn is made at once, so that messages are stored in the order they came in; only the answer waits.
    private void Store(BrokerClient client, Store store)
    {
        long number;
        try
        {
            number = turns.Run(broker => broker.Store(client, store.Queue, "", store.Payload))
                ?? throw new SwitchException(SwitchErrorKind.QueueDestroyed, $"queue {store.Queue} does not exist");
        }
        catch (SwitchException refused)
        {
            store.Payload.Release();
            link.Send(new CommandResult(store.Sequence, refused.Kind, refused.Message));
            return;
        }

        var kept = turns.KeptAsync();
        var answer = new Stored(store.Sequence, new MessageId(turns.Incarnation, number));
        if (kept.IsCompletedSuccessfully)
        {
            link.Send(answer);
        }
        else
        {
            _ = StoredAsync(kept, answer);
        }
    }

    private async Task StoredAsync(Task kept, Stored answer)
    {
        try
        {
            await kept.ConfigureAwait(false);
            link.Send(answer);
        }
        catch (IOException failed)
        {
            link.Send(new CommandResult(answer.Sequence, SwitchErrorKind.NotKept, failed.Message));
        }
    }

    private void Begin(SwitchCommand command, Func<Task> work)
    {
        if (Interlocked.Increment(ref underWay) <= SwitchLimits.MaxSlowCommands)
        {
            _ = FinishAsync(work());
            return;
        }

        Interlocked.Decrement(ref underWay);
        link.Send(new CommandResult(command.Sequence, SwitchErrorKind.TooMany,
            $"{SwitchLimits.MaxSlowCommands} commands under way (MaxSlowCommands)"));
    }

    private async Task FinishAsync(Task work)
    {
        await work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Interlocked.Decrement(ref underWay);
    }

    private async Task TraceAsync(FollowTrace trace)
    {
        var patience = TimeSpan.FromMilliseconds(Math.Clamp(trace.TimeoutMs, 0, (long)SwitchLimits.MaxTracePatience.TotalMilliseconds));
        var events = await TraceFollower.FollowAsync(turns, trace.From, patience, ended).ConfigureAwait(false);
        Report(trace, CompatAnswers.Events(events, settings.TraceTruncate));
    }

    private void Report(SwitchCommand command, ReadOnlyMemory<byte> document)
    {
        if (document.Length > SwitchLimits.MaxPayloadBytes)
        {
            link.Send(new CommandResult(command.Sequence, SwitchErrorKind.PayloadTooLarge,
                $"a report of {document.Length} bytes; allowed is up to {SwitchLimits.MaxPayloadBytes} (MaxPayloadBytes)"));
            return;
        }

        var payload = SwitchPayload.Of(document);
        link.Send(new Report(command.Sequence, payload));
        payload.Release();
    }
}
