using Toolstack.Idl;

namespace Toolstack.Xapi.Sessions;

/// <summary>
/// The order of password checks: a bounded number at a time, one a client, so that whoever tries passwords by the thousand waits for
/// themselves only. A client is the address it calls from. After a few failures each attempt of that client is put off, longer each time.
/// </summary>
internal sealed class LoginThrottle(TimeProvider clock)
{
    private readonly Queue<TaskCompletionSource> turns = new();
    private int running;
    private readonly Lock gate = new();
    private readonly Dictionary<string, Client> clients = new(StringComparer.Ordinal);

    /// <summary>Runs the check in its turn, when fewer than <paramref name="most"/> run. Raises SESSION_AUTHENTICATION_FAILED when the client has too many logins waiting.</summary>
    internal async Task<string?> RunAsync(string address, int most, Func<CancellationToken, Task<string?>> check, CancellationToken cancel)
    {
        Client client = Enter(address);
        try
        {
            await client.Turn.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                await Task.Delay(Pause(client), clock, cancel).ConfigureAwait(false);
                string? refusal = await CheckAsync(most, check, cancel).ConfigureAwait(false);
                Note(client, refusal is null);
                return refusal;
            }
            finally
            {
                client.Turn.Release();
            }
        }
        finally
        {
            Leave(client);
        }
    }

    private async Task<string?> CheckAsync(int most, Func<CancellationToken, Task<string?>> check, CancellationToken cancel)
    {
        await TakeAsync(most, cancel).ConfigureAwait(false);
        try
        {
            return await check(cancel).ConfigureAwait(false);
        }
        finally
        {
            Release();
        }
    }

    /// <summary>Whoever is let in looks again: the bound may be another by then.</summary>
    private async Task TakeAsync(int most, CancellationToken cancel)
    {
        while (true)
        {
            TaskCompletionSource turn;
            lock (gate)
            {
                if (running < Math.Max(most, 1))
                {
                    running++;
                    return;
                }

                turns.Enqueue(turn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            }

            try
            {
                await turn.Task.WaitAsync(cancel).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (!turn.TrySetCanceled(CancellationToken.None))
            {
                // It was this one's turn already: the next one's then.
                Wake();
                throw;
            }
        }
    }

    private void Release()
    {
        lock (gate)
        {
            running--;
        }

        Wake();
    }

    private void Wake()
    {
        lock (gate)
        {
            while (turns.TryDequeue(out TaskCompletionSource? turn) && !turn.TrySetResult())
            {
                // Whoever waited there has gone.
            }
        }
    }

    private Client Enter(string address)
    {
        lock (gate)
        {
            if (!clients.TryGetValue(address, out Client? client))
            {
                Forget();
                clients.Add(address, client = new Client());
            }

            if (client.Waiting >= SessionLimits.MaxWaitingPerClient)
            {
                throw new XenApiError("SESSION_AUTHENTICATION_FAILED", "", $"more than {SessionLimits.MaxWaitingPerClient} logins of {address} are waiting");
            }

            client.Waiting++;
            client.LastSeen = clock.GetTimestamp();
            return client;
        }
    }

    private void Leave(Client client)
    {
        lock (gate)
        {
            client.Waiting--;
            client.LastSeen = clock.GetTimestamp();
        }
    }

    /// <summary>Under the lock: makes room for one more client. Those with a login under way stay.</summary>
    private void Forget()
    {
        if (clients.Count < SessionLimits.MaxClients)
        {
            return;
        }

        string? oldest = clients.Where(static c => c.Value.Waiting == 0).MinBy(static c => c.Value.LastSeen).Key;
        if (oldest is not null)
        {
            clients.Remove(oldest);
        }
    }

    private TimeSpan Pause(Client client)
    {
        lock (gate)
        {
            int counted = client.Failures - SessionLimits.FreeFailures;
            if (counted <= 0 || clock.GetElapsedTime(client.LastFailure) > SessionLimits.FailuresKept)
            {
                return TimeSpan.Zero;
            }

            TimeSpan pause = SessionLimits.FirstPause * Math.Pow(2, Math.Min(counted - 1, 16));
            return pause < SessionLimits.LongestPause ? pause : SessionLimits.LongestPause;
        }
    }

    private void Note(Client client, bool good)
    {
        lock (gate)
        {
            bool old = clock.GetElapsedTime(client.LastFailure) > SessionLimits.FailuresKept;
            client.Failures = good ? 0 : old ? 1 : client.Failures + 1;
            client.LastFailure = good ? client.LastFailure : clock.GetTimestamp();
        }
    }

    private sealed class Client
    {
        internal SemaphoreSlim Turn { get; } = new(SessionLimits.MaxAttemptsPerClient);

        internal int Waiting { get; set; }

        internal int Failures { get; set; }

        internal long LastFailure { get; set; }

        internal long LastSeen { get; set; }
    }
}
