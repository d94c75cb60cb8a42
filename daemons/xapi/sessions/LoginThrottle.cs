using Toolstack.Idl;

namespace Toolstack.Xapi.Sessions;

/// <summary>
/// The order of password checks: a bounded number at a time, one a client, so that whoever tries passwords by the thousand waits for
/// themselves only. A client is the address it calls from. After a few failures each attempt of that client is put off, longer each time.
/// </summary>
internal sealed class LoginThrottle(TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim all = new(SessionLimits.MaxAttempts);
    private readonly Lock gate = new();
    private readonly Dictionary<string, Client> clients = new(StringComparer.Ordinal);

    /// <summary>Runs the check in its turn. Raises SESSION_AUTHENTICATION_FAILED when the client has too many logins waiting.</summary>
    internal async Task<string?> RunAsync(string address, Func<CancellationToken, Task<string?>> check, CancellationToken cancel)
    {
        Client client = Enter(address);
        try
        {
            await client.Turn.WaitAsync(cancel).ConfigureAwait(false);
            try
            {
                await Task.Delay(Pause(client), clock, cancel).ConfigureAwait(false);
                string? refusal = await CheckAsync(check, cancel).ConfigureAwait(false);
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

    public void Dispose() => all.Dispose();

    private async Task<string?> CheckAsync(Func<CancellationToken, Task<string?>> check, CancellationToken cancel)
    {
        await all.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            return await check(cancel).ConfigureAwait(false);
        }
        finally
        {
            all.Release();
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
