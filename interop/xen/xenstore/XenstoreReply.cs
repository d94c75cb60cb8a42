namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>What becomes of a request: told once, on the connection's reader, which must not be held up.</summary>
internal abstract class XenstoreReply
{
    internal abstract void Succeed(ReadOnlySpan<byte> payload);

    internal abstract void Fail(XenstoreError error);
}

/// <summary>An answer that one caller waits for: the payload or the error, as values, since a missing node is no exception.</summary>
internal sealed class XenstoreAnswer : XenstoreReply
{
    private readonly TaskCompletionSource<(byte[] Payload, XenstoreError? Error)> source = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Action<byte[]>? late;

    /// <param name="late">Called with a success that nobody waits for any more.</param>
    internal XenstoreAnswer(Action<byte[]>? late = null) => this.late = late;

    internal Task<(byte[] Payload, XenstoreError? Error)> Task => source.Task;

    /// <summary>The caller goes away; the request stays on its way.</summary>
    internal void Abandon(CancellationToken cancel) => source.TrySetCanceled(cancel);

    internal override void Succeed(ReadOnlySpan<byte> payload)
    {
        var bytes = payload.ToArray();
        if (!source.TrySetResult((bytes, null)))
        {
            late?.Invoke(bytes);
        }
    }

    internal override void Fail(XenstoreError error) => source.TrySetResult(([], error));
}

/// <summary>The answers of many requests that nobody waits for one by one: how many are missing, and the first error.</summary>
internal sealed class XenstoreBatch : XenstoreReply
{
    private readonly Lock gate = new();
    private int missing;
    private TaskCompletionSource? drained;

    /// <summary>First failure; removing what is not there is none.</summary>
    internal XenstoreError? Error { get; private set; }

    /// <summary>A conflict was reported.</summary>
    internal bool Conflict { get; private set; }

    internal void Expect()
    {
        lock (gate)
        {
            missing++;
        }
    }

    /// <summary>Ends when every expected answer is there.</summary>
    internal Task DrainedAsync()
    {
        lock (gate)
        {
            return missing == 0 ? Task.CompletedTask : (drained ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }

    internal override void Succeed(ReadOnlySpan<byte> payload) => Done(null);

    internal override void Fail(XenstoreError error) =>
        Done(error is { Operation: XenstoreOperation.Rm, Name: XenstoreErrorName.ENOENT } ? null : error);

    private void Done(XenstoreError? error)
    {
        TaskCompletionSource? waiting = null;
        lock (gate)
        {
            Error ??= error;
            Conflict |= error?.Name == XenstoreErrorName.EAGAIN;
            if (--missing == 0)
            {
                (waiting, drained) = (drained, null);
            }
        }

        waiting?.SetResult();
    }
}
