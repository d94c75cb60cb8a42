namespace Toolstack.Xapi.Sessions;

/// <summary>Users who may log in over TCP: one <c>name:hash</c> a line, <c>#</c> starts a comment. Read at every login, so that a change needs no restart.</summary>
internal sealed class PasswordFile(string path) : IDisposable
{
    private const int MaxBytes = 1024 * 1024;

    /// <summary>At most this many passwords are tried at a time; the others wait.</summary>
    private const int MaxAttemptsAtATime = 2;

    private readonly SemaphoreSlim attempts = new(MaxAttemptsAtATime);

    /// <summary>Whether the password is the user's. Takes the same time for a user who does not exist. Raises IOException.</summary>
    internal async Task<bool> VerifyAsync(string user, string password, CancellationToken cancel)
    {
        await attempts.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            PasswordHash hash = await FindAsync(user, cancel).ConfigureAwait(false) ?? PasswordHash.Unmatchable;

            // Tens of milliseconds of computing: not on a thread that serves requests meanwhile.
            return await Task.Factory.StartNew(() => hash.Matches(password), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default)
                .ConfigureAwait(false);
        }
        finally
        {
            attempts.Release();
        }
    }

    public void Dispose() => attempts.Dispose();

    private async Task<PasswordHash?> FindAsync(string user, CancellationToken cancel)
    {
        var file = new FileInfo(path);
        if (user.Length == 0 || !file.Exists || file.Length > MaxBytes)
        {
            return null;
        }

        foreach (string line in await File.ReadAllLinesAsync(path, cancel).ConfigureAwait(false))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && line[0] != '#' && line.AsSpan(0, colon).SequenceEqual(user))
            {
                return PasswordHash.Parse(line[(colon + 1)..].Trim());
            }
        }

        return null;
    }
}
