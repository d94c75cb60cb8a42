using System.Threading.Channels;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>
/// A watch. <see cref="Events"/> gives the paths that changed, first the watched path itself (also when there is no such node). A path
/// that waits there already is not added again, and beyond <see cref="XenstoreLimits.MaxPendingEvents"/> different ones everything that
/// waits becomes one event of the watched path: no change is lost, since an event only says what to read again. After a reconnection
/// the watched path comes again. Disposal ends the watch at the server and completes <see cref="Events"/>.
/// </summary>
public sealed class XenstoreWatch : IAsyncDisposable
{
    private readonly XenstoreClient client;
    private readonly PendingPaths? pending;
    private readonly Action? signal;

    internal XenstoreWatch(XenstoreClient client, string path, string token, Action? signal)
    {
        this.client = client;
        this.signal = signal;
        Path = path;
        Token = token;
        pending = signal is null ? new PendingPaths(path) : null;
    }

    public string Path { get; }

    public ChannelReader<string> Events => pending ?? throw new InvalidOperationException("this watch only signals");

    internal string Token { get; }

    /// <summary>Removes the watch; late events are dropped. Safe to call again.</summary>
    public ValueTask DisposeAsync() => new(client.UnwatchAsync(this));

    internal void Fire(string path)
    {
        pending?.Add(path);
        signal?.Invoke();
    }

    internal void End(XenstoreError? reason) => pending?.Complete(reason);

    private sealed class PendingPaths(string watched) : ChannelReader<string>
    {
        private readonly Lock gate = new();
        private readonly Channel<string> queue = Channel.CreateUnbounded<string>();
        private readonly HashSet<string> known = new(StringComparer.Ordinal);

        public override Task Completion => queue.Reader.Completion;

        public override bool CanCount => true;

        public override int Count => queue.Reader.Count;

        public override bool TryRead(out string item)
        {
            lock (gate)
            {
                if (!queue.Reader.TryRead(out item!))
                {
                    return false;
                }

                known.Remove(item);
                return true;
            }
        }

        public override ValueTask<bool> WaitToReadAsync(CancellationToken cancellationToken = default) => queue.Reader.WaitToReadAsync(cancellationToken);

        internal void Add(string path)
        {
            lock (gate)
            {
                if (known.Count >= XenstoreLimits.MaxPendingEvents)
                {
                    while (queue.Reader.TryRead(out _))
                    {
                        // Forgotten for the one event that stands for all.
                    }

                    known.Clear();
                    path = watched;
                }

                if (known.Add(path))
                {
                    queue.Writer.TryWrite(path);
                }
            }
        }

        internal void Complete(XenstoreError? reason) => queue.Writer.TryComplete(reason);
    }
}
