using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Sessions;

/// <summary>Logins, and the check of the session that every call carries. Sessions are rows of class session, which no restart keeps.</summary>
public sealed class SessionService : IDisposable
{
    /// <summary>How far last_active may lag behind, so that not every call is a change of the database.</summary>
    private static readonly TimeSpan ActivityStep = TimeSpan.FromMinutes(10);

    private readonly XapiDatabase database;
    private readonly HostIdentity identity;
    private readonly PasswordFile passwords;
    private readonly ILogger logger;

    public SessionService(XapiDatabase database, HostIdentity identity, string passwordFile, ILogger logger)
    {
        this.database = database;
        this.identity = identity;
        this.logger = logger;
        passwords = new PasswordFile(passwordFile);
    }

    /// <summary>Whether text names a session that exists (for HTTP handlers).</summary>
    public async ValueTask<bool> IsValidAsync(string? reference, CancellationToken cancel) =>
        !string.IsNullOrEmpty(reference) && await database.Find(new Ref<session>(reference), cancel).ConfigureAwait(false) is not null;

    /// <summary>Whether text is the pool's secret.</summary>
    public bool IsPoolSecret(string? text) =>
        text is not null && identity.PoolSecret.Length > 0
        && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(text), Encoding.UTF8.GetBytes(identity.PoolSecret));

    /// <summary>Raises SESSION_INVALID [session].</summary>
    internal async ValueTask<SessionInfo> CheckAsync(string reference, CancellationToken cancel)
    {
        var self = new Ref<session>(reference);
        session row = await database.Find(self, cancel).ConfigureAwait(false) ?? throw new XenApiError("SESSION_INVALID", reference);
        DateTimeOffset now = DateTimeOffset.UtcNow;
        if (identity.IsCoordinator && now - row.last_active > ActivityStep)
        {
            row = await database.Update(self, r => r with { last_active = now }, cancel).ConfigureAwait(false);
        }

        return new SessionInfo(self, row.is_local_superuser || row.pool, row.pool, row.auth_user_name, row.auth_user_sid, row.rbac_permissions);
    }

    /// <summary>Over the Unix socket anyone is root; over TCP the password file decides. Raises SESSION_AUTHENTICATION_FAILED [user; text].</summary>
    internal async Task<Ref<session>> LoginAsync(string user, string password, string originator, bool isLocalRoot, CancellationToken cancel)
    {
        if (!isLocalRoot)
        {
            if (!identity.IsCoordinator)
            {
                throw new XenApiError("HOST_IS_SLAVE", identity.CoordinatorAddress);
            }

            if (!await passwords.VerifyAsync(user, password, cancel).ConfigureAwait(false))
            {
                Log.LoginRefused(logger, user, "wrong user or password");
                throw new XenApiError("SESSION_AUTHENTICATION_FAILED", user, "Authentication failure");
            }
        }

        return await CreateAsync(
            Blank(identity.Localhost) with { is_local_superuser = true, auth_user_name = user, originator = originator }, cancel).ConfigureAwait(false);
    }

    /// <summary>A session between hosts of the pool. Raises SESSION_AUTHENTICATION_FAILED [host; text].</summary>
    internal async Task<Ref<session>> PoolLoginAsync(Ref<host> host, string secret, CancellationToken cancel)
    {
        if (!IsPoolSecret(secret))
        {
            Log.LoginRefused(logger, host.ToString(), "wrong pool secret");
            throw new XenApiError("SESSION_AUTHENTICATION_FAILED", host.ToString(), "The pool secret is not this pool's");
        }

        return await CreateAsync(Blank(host) with { pool = true, is_local_superuser = true }, cancel).ConfigureAwait(false);
    }

    public void Dispose() => passwords.Dispose();

    private static session Blank(Ref<host> host) => new()
    {
        uuid = Guid.NewGuid().ToString(),
        this_host = host,
        last_active = DateTimeOffset.UtcNow,
        validation_time = DateTimeOffset.UtcNow,
    };

    private ValueTask<Ref<session>> CreateAsync(session row, CancellationToken cancel) => database.Create(row, cancel);
}
