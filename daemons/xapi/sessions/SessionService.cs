using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Sessions;

/// <summary>Logins, and the check of the session that every call carries. Sessions are rows of class session, which no restart keeps, or
/// local ones of this process.</summary>
public sealed class SessionService
{
    /// <summary>How far last_active may lag behind, so that not every call is a change of the database.</summary>
    private static readonly TimeSpan ActivityStep = TimeSpan.FromMinutes(10);

    private readonly XapiDatabase database;
    private readonly HostIdentity identity;
    private readonly ILocalAccounts accounts;
    private readonly LoginThrottle throttle = new(TimeProvider.System);
    private readonly LocalSessions locals = new();
    private readonly ILogger logger;

    internal SessionService(XapiDatabase database, HostIdentity identity, ILocalAccounts accounts, ILogger logger)
    {
        this.database = database;
        this.identity = identity;
        this.accounts = accounts;
        this.logger = logger;
    }

    /// <summary>Whether text names a session that exists (for HTTP handlers).</summary>
    public async ValueTask<bool> IsValidAsync(string? reference, CancellationToken cancel) =>
        await FindAsync(reference, cancel).ConfigureAwait(false) is not null;

    /// <summary>Whether text is the pool's secret.</summary>
    public bool IsPoolSecret(string? text) =>
        text is not null && identity.PoolSecret.Length > 0
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetBytes(identity.PoolSecret));

    /// <summary>The session that text names, or null.</summary>
    internal async ValueTask<SessionInfo?> FindAsync(string? reference, CancellationToken cancel)
    {
        if (string.IsNullOrEmpty(reference))
        {
            return null;
        }

        var self = new Ref<session>(reference);
        if (locals.Find(reference) is { } user)
        {
            return new SessionInfo(self, true, false, user, "", [], IsLocal: true);
        }

        return await database.Find(self, cancel).ConfigureAwait(false) is { } row ? Describe(self, row) : null;
    }

    /// <summary>Raises SESSION_INVALID [session].</summary>
    internal async ValueTask<SessionInfo> CheckAsync(string reference, CancellationToken cancel)
    {
        if (locals.Find(reference) is { } user)
        {
            return new SessionInfo(new Ref<session>(reference), true, false, user, "", [], IsLocal: true);
        }

        var self = new Ref<session>(reference);
        session row = await database.Find(self, cancel).ConfigureAwait(false) ?? throw new XenApiError("SESSION_INVALID", reference);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (identity.IsCoordinator && now - row.last_active > ActivityStep)
        {
            row = await database.Update(self, r => r with { last_active = now }, cancel).ConfigureAwait(false);
        }

        return Describe(self, row);
    }

    /// <summary>Over the Unix socket anyone is root; over TCP the local accounts decide. <paramref name="client"/>: whose failures count together.
    /// Raises SESSION_AUTHENTICATION_FAILED [user; text], HOST_IS_SLAVE [coordinator's address].</summary>
    internal async Task<Ref<session>> LoginAsync(
        string user, string password, string originator, bool isLocalRoot, string client, CancellationToken cancel)
    {
        if (!isLocalRoot)
        {
            if (!identity.IsCoordinator)
            {
                throw new XenApiError("HOST_IS_SLAVE", identity.CoordinatorAddress);
            }

            await AuthenticateAsync(user, password, client, cancel).ConfigureAwait(false);
        }

        return await CreateAsync(
            Blank(identity.Localhost) with { is_local_superuser = true, auth_user_name = user, originator = originator }, cancel).ConfigureAwait(false);
    }

    /// <summary>A session between hosts of the pool. Raises SESSION_AUTHENTICATION_FAILED [host; text].</summary>
    internal async Task<Ref<session>> PoolLoginAsync(Ref<host> host, string secret, CancellationToken cancel)
    {
        AssertPoolSecret(host.ToString(), secret);
        return await CreateAsync(Blank(host) with { pool = true, is_local_superuser = true }, cancel).ConfigureAwait(false);
    }

    /// <summary>A session of this host alone, by the pool's secret. Raises SESSION_AUTHENTICATION_FAILED.</summary>
    internal Ref<session> LocalLogin(string secret)
    {
        AssertPoolSecret("", secret);
        return locals.Create("");
    }

    /// <summary>A session of this host alone, by a local account. Raises SESSION_AUTHENTICATION_FAILED [user; text].</summary>
    internal async Task<Ref<session>> LocalLoginAsync(string user, string password, bool isLocalRoot, string client, CancellationToken cancel)
    {
        if (!isLocalRoot)
        {
            await AuthenticateAsync(user, password, client, cancel).ConfigureAwait(false);
        }

        return locals.Create(user);
    }

    /// <summary>A session with the permissions of roles, for a user of the directory service or a client certificate.</summary>
    internal Task<Ref<session>> CreateForAsync(session row, CancellationToken cancel) =>
        CreateAsync(Blank(identity.Localhost) with
        {
            subject = row.subject,
            auth_user_sid = row.auth_user_sid,
            auth_user_name = row.auth_user_name,
            rbac_permissions = row.rbac_permissions,
            parent = row.parent,
            originator = row.originator,
            client_certificate = row.client_certificate,
        }, cancel).AsTask();

    /// <summary>The databases of sessions that read a file's.</summary>
    internal FileDatabases Files { get; } = new();

    /// <summary>A session that reads the records of a dump on this host. Raises INTERNAL_ERROR [reason].</summary>
    internal async Task<Ref<session>> FileLoginAsync(string path, string user, CancellationToken cancel)
    {
        foreach (string known in Files.Sessions)
        {
            if (await database.Find(new Ref<session>(known), cancel).ConfigureAwait(false) is null)
            {
                Files.Remove(known);
            }
        }

        LocalDatabase records = await Files.ReadAsync(path, cancel).ConfigureAwait(false);
        Ref<session> self = await CreateAsync(Blank(identity.Localhost) with { is_local_superuser = true, auth_user_name = user }, cancel).ConfigureAwait(false);
        Files.Add(self.ToString(), records);
        return self;
    }

    /// <summary>Ends it. Raises SESSION_INVALID.</summary>
    internal async Task LogoutAsync(Ref<session> self, CancellationToken cancel)
    {
        Files.Remove(self.ToString());
        if (locals.Remove(self.ToString()))
        {
            return;
        }

        try
        {
            await database.Destroy(self, cancel).ConfigureAwait(false);
        }
        catch (XenApiError error) when (error.Code == "HANDLE_INVALID")
        {
            throw new XenApiError("SESSION_INVALID", self.ToString());
        }
    }

    /// <summary>Ends a local session only. Raises SESSION_INVALID.</summary>
    internal void LocalLogout(Ref<session> self)
    {
        if (!locals.Remove(self.ToString()))
        {
            throw new XenApiError("SESSION_INVALID", self.ToString());
        }
    }

    /// <summary>Raises CHANGE_PASSWORD_REJECTED [text].</summary>
    internal async Task ChangePasswordAsync(string user, string password, CancellationToken cancel)
    {
        string? reason = await accounts.ChangeAsync(user, password, cancel).WaitAsync(SessionLimits.VerifyDeadline, cancel).ConfigureAwait(false);
        if (reason is not null)
        {
            throw new XenApiError("CHANGE_PASSWORD_REJECTED", reason);
        }
    }

    private static SessionInfo Describe(Ref<session> self, session row) =>
        new(self, row.is_local_superuser || row.pool, row.pool, row.auth_user_name, row.auth_user_sid, row.rbac_permissions);

    private async Task AuthenticateAsync(string user, string password, string client, CancellationToken cancel)
    {
        string? reason = await throttle.RunAsync(
            client,
            await MostAttemptsAsync(cancel).ConfigureAwait(false),
            async limit =>
            {
                try
                {
                    return await accounts.VerifyAsync(user, password, limit).WaitAsync(SessionLimits.VerifyDeadline, limit).ConfigureAwait(false);
                }
                catch (Exception error) when (error is IOException or TimeoutException or UnauthorizedAccessException)
                {
                    return error.Message;
                }
            },
            cancel).ConfigureAwait(false);
        if (reason is not null)
        {
            Log.LoginRefused(logger, user, reason);
            throw new XenApiError("SESSION_AUTHENTICATION_FAILED", user, reason);
        }
    }

    /// <summary>How many passwords are checked at a time: what the pool says, when it can be asked.</summary>
    private async ValueTask<int> MostAttemptsAsync(CancellationToken cancel) =>
        identity.IsCoordinator && (await database.GetAll<pool>(cancel).ConfigureAwait(false)) is [{ Value: var row }, ..]
            ? (int)row.local_auth_max_threads
            : SessionLimits.MaxAttempts;

    private void AssertPoolSecret(string who, string secret)
    {
        if (!IsPoolSecret(secret))
        {
            Log.LoginRefused(logger, who, "wrong pool secret");
            throw new XenApiError("SESSION_AUTHENTICATION_FAILED", who, "The pool secret is not this pool's");
        }
    }

    private static session Blank(Ref<host> host) => new()
    {
        uuid = Guid.NewGuid().ToString(),
        this_host = host,
        last_active = DateTimeOffset.UtcNow,
        validation_time = DateTimeOffset.UtcNow,
    };

    private ValueTask<Ref<session>> CreateAsync(session row, CancellationToken cancel) => database.Create(row, cancel);
}
