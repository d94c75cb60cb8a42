using System.Threading.Channels;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>Watches of the client, and the connection's life: loss, new connection, the same watches again.</summary>
public sealed partial class XenstoreClient
{
    /// <summary>Watches a node and all below it, or a special name (<c>@introduceDomain</c>, <c>@releaseDomain</c>).</summary>
    public Task<XenstoreWatch> WatchAsync(string path, CancellationToken cancel) => WatchAsync(path, null, cancel);

    /// <summary>
    /// Waits until <paramref name="condition"/> holds: asks it after every event of a watch on <paramref name="paths"/>, the initial ones
    /// included, and a last time at the end; false when the time is over. What the condition raises is raised. Leaves no watch behind.
    /// </summary>
    public async Task<bool> WaitUntilAsync(
        IReadOnlyList<string> paths, Func<CancellationToken, Task<bool>> condition, TimeSpan timeout, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentNullException.ThrowIfNull(condition);
        var changed = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        over.CancelAfter(timeout);
        var settings = paths.Select(path => WatchAsync(path, () => changed.Writer.TryWrite(true), cancel)).ToList();
        try
        {
            await Task.WhenAll(settings).ConfigureAwait(false);
            while (true)
            {
                try
                {
                    await changed.Reader.ReadAsync(over.Token).ConfigureAwait(false);
                }
                catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
                {
                    return await condition(cancel).ConfigureAwait(false);
                }

                if (await condition(cancel).ConfigureAwait(false))
                {
                    return true;
                }
            }
        }
        finally
        {
            await Task.WhenAll(settings.Where(setting => setting.IsCompletedSuccessfully).Select(setting => UnwatchAsync(setting.Result))).ConfigureAwait(false);
        }
    }

    internal async Task UnwatchAsync(XenstoreWatch watch)
    {
        XenstoreConnection? open;
        lock (gate)
        {
            if (!watches.Remove(watch.Token))
            {
                return;
            }

            open = connection;
        }

        watch.End(null);
        if (open is not null)
        {
            // An error says that the server has no such watch or is gone: both are what is wanted.
            await open.CallAsync(XenstoreOperation.Unwatch, 0, watch.Path, [watch.Path, watch.Token], default, null, CancellationToken.None)
                .ConfigureAwait(false);
        }
    }

    private async Task<XenstoreWatch> WatchAsync(string path, Action? signal, CancellationToken cancel)
    {
        Checked(XenstoreOperation.Watch, path);
        XenstoreConnection open;
        XenstoreWatch watch;
        lock (gate)
        {
            open = connection ?? throw new XenstoreError(XenstoreOperation.Watch, path, XenstoreErrorName.ECONNRESET);
            watch = new XenstoreWatch(this, path, (++lastToken).ToString(), signal);
            watches.Add(watch.Token, watch);
        }

        var isSet = false;
        try
        {
            Require(await open.CallAsync(XenstoreOperation.Watch, 0, path, [path, watch.Token], default, null, cancel).ConfigureAwait(false));
            isSet = true;
            return watch;
        }
        finally
        {
            if (!isSet)
            {
                await UnwatchAsync(watch).ConfigureAwait(false);
            }
        }
    }

    /// <summary>On the reader: an event of a watch that is gone is dropped.</summary>
    private void OnEvent(string token, string path)
    {
        XenstoreWatch? watch;
        lock (gate)
        {
            watches.TryGetValue(token, out watch);
        }

        watch?.Fire(path);
    }

    private async Task RunAsync(XenstoreConnection open)
    {
        var reading = open.RunAsync();
        while (true)
        {
            var error = await reading.ConfigureAwait(false);
            open.Dispose();
            lock (gate)
            {
                connection = null;
                reconnecting ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            if (stopping.IsCancellationRequested || reopen is null)
            {
                EndWatches(stopping.IsCancellationRequested ? null : error);
                return;
            }

            Log.ConnectionLost(logger, name, error.InnerException?.Message ?? "closed by the server");
            ConnectionLost?.Invoke(error);
            if (await ReopenAsync(reopen).ConfigureAwait(false) is not { } stream)
            {
                EndWatches(null);
                return;
            }

            open = new XenstoreConnection(stream, options, OnEvent);
            reading = open.RunAsync();
            await SetWatchesAgainAsync(open).ConfigureAwait(false);
        }
    }

    private async Task<Stream?> ReopenAsync(Func<CancellationToken, Task<Stream>> open)
    {
        while (true)
        {
            try
            {
                await Task.Delay(XenstoreLimits.ReconnectDelay, stopping.Token).ConfigureAwait(false);
                return await open(stopping.Token).ConfigureAwait(false);
            }
            catch (XenstoreError)
            {
                // Nobody listens yet.
            }
            catch (OperationCanceledException)
            {
                return null;
            }
        }
    }

    /// <summary>The connection becomes the client's and the watches known at that moment are set on it; later ones set themselves.</summary>
    private async Task SetWatchesAgainAsync(XenstoreConnection open)
    {
        List<XenstoreWatch> known;
        lock (gate)
        {
            connection = open;
            reconnecting?.TrySetResult();
            reconnecting = null;
            known = [.. watches.Values];
        }

        var answers = await Task.WhenAll(known.Select(watch => open.CallAsync(
            XenstoreOperation.Watch, 0, watch.Path, [watch.Path, watch.Token], default, null, CancellationToken.None))).ConfigureAwait(false);
        for (var i = 0; i < known.Count; i++)
        {
            // Without a connection all of them are set once more.
            if (answers[i].Error is { Name: not XenstoreErrorName.ECONNRESET } refused)
            {
                Log.WatchLost(logger, known[i].Path, refused.ErrorName);
                known[i].End(refused);
            }
        }

        Log.Reconnected(logger, name, known.Count);
        Reconnected?.Invoke();
    }

    private void EndWatches(XenstoreError? reason)
    {
        List<XenstoreWatch> known;
        lock (gate)
        {
            reconnecting?.TrySetResult();
            known = [.. watches.Values];
            watches.Clear();
        }

        foreach (var watch in known)
        {
            watch.End(reason);
        }
    }
}
