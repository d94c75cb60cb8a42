using System.Text;
using Toolstack.Hosting;

namespace Toolstack.Xapi.Sessions;

/// <summary>Local accounts by a file, as for development pools: one <c>name:hash</c> a line, <c>#</c> starts a comment. Read at every login, so
/// that a change needs no restart.</summary>
internal sealed class PasswordFile(string path) : ILocalAccounts
{
    private const int MaxBytes = 1024 * 1024;
    private const string Refused = "Authentication failure";

    private readonly Lock writing = new();

    /// <summary>Takes the same time for a user who does not exist. Raises IOException.</summary>
    public async Task<string?> VerifyAsync(string user, string password, CancellationToken cancel)
    {
        PasswordHash hash = await FindAsync(user, cancel).ConfigureAwait(false) ?? PasswordHash.Unmatchable;

        // Tens of milliseconds of computing: not on a thread that serves requests meanwhile.
        bool same = await Task.Factory.StartNew(() => hash.Matches(password), cancel, TaskCreationOptions.LongRunning, TaskScheduler.Default)
            .ConfigureAwait(false);
        return same ? null : Refused;
    }

    /// <summary>Raises IOException.</summary>
    public Task<string?> ChangeAsync(string user, string password, CancellationToken cancel) => Task.Run<string?>(() => Change(user, password), cancel);

    private string? Change(string user, string password)
    {
        string line = user + ":" + PasswordHash.Create(password);
        lock (writing)
        {
            string[] lines = File.Exists(path) ? File.ReadAllLines(path) : [];
            int at = Array.FindIndex(lines, l => IsOf(l, user));
            if (at < 0)
            {
                return $"{user} has no account";
            }

            lines[at] = line;
            AtomicFile.Write(path, Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"), durable: true);
            return null;
        }
    }

    private async Task<PasswordHash?> FindAsync(string user, CancellationToken cancel)
    {
        var file = new FileInfo(path);
        if (user.Length == 0 || !file.Exists || file.Length > MaxBytes)
        {
            return null;
        }

        foreach (string line in await File.ReadAllLinesAsync(path, cancel).ConfigureAwait(false))
        {
            if (IsOf(line, user))
            {
                return PasswordHash.Parse(line[(user.Length + 1)..].Trim());
            }
        }

        return null;
    }

    private static bool IsOf(string line, string user) =>
        line.Length > user.Length && line[0] != '#' && line[user.Length] == ':' && line.AsSpan(0, user.Length).SequenceEqual(user);
}
