namespace Toolstack.Xapi.Sessions;

/// <summary>The bounds of logins.</summary>
internal static class SessionLimits
{
    /// <summary>Passwords tried at a time over all clients, unless the pool's local_auth_max_threads says otherwise, and by one client.</summary>
    internal const int MaxAttempts = 8;
    internal const int MaxAttemptsPerClient = 1;

    /// <summary>Logins of one client that wait for their turn; one more is refused at once.</summary>
    internal const int MaxWaitingPerClient = 64;

    /// <summary>Failures of a client that cost it nothing; each further one doubles the pause before its next attempt, up to the longest.</summary>
    internal const int FreeFailures = 3;
    internal static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(250);
    internal static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>How long a client's failures are remembered.</summary>
    internal static readonly TimeSpan FailuresKept = TimeSpan.FromMinutes(5);

    /// <summary>Clients whose failures are remembered; the longest silent is forgotten for one more.</summary>
    internal const int MaxClients = 4096;

    /// <summary>Local sessions of this host; one more ends the oldest.</summary>
    internal const int MaxLocalSessions = 400;

    /// <summary>How long one question to the accounts may take.</summary>
    internal static readonly TimeSpan VerifyDeadline = TimeSpan.FromSeconds(60);
}
