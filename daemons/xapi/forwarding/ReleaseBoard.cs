namespace Toolstack.Xapi.Forwarding;

/// <summary>Wakes those who wait for an object's locks. A waiter takes <see cref="NextRelease"/> before it tries to lock, so that a
/// release between the try and the wait is not lost. Holds an entry only for objects someone waits for.</summary>
internal sealed class ReleaseBoard
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, TaskCompletionSource> waited = new(StringComparer.Ordinal);

    /// <summary>Ends at the next release of a lock of the object.</summary>
    public Task NextRelease(string reference)
    {
        lock (gate)
        {
            if (!waited.TryGetValue(reference, out TaskCompletionSource? source))
            {
                waited.Add(reference, source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            return source.Task;
        }
    }

    public void Released(string reference)
    {
        TaskCompletionSource? source;
        lock (gate)
        {
            waited.Remove(reference, out source);
        }

        source?.SetResult();
    }
}
