using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Membership;

/// <summary>
/// pool.join on the host that joins. Nothing of the pool is changed and nothing of the host, but that no VM starts meanwhile, until every check
/// has passed; then the host's role changes in one step and the daemon starts anew as a member, which brings its rows along (<see cref="Arrival"/>).
/// </summary>
internal sealed class JoiningHost(XapiServices services, CertificateExchange certificates)
{
    private const string ApiVersion = "1.1";
    private const string Originator = "pool.join";

    private readonly Lock gate = new();
    private bool busy;

    /// <summary>Raises what stands against it (<see cref="JoinChecks"/>); SESSION_AUTHENTICATION_FAILED [user; text] and HOST_IS_SLAVE [address] as
    /// the login there; JOINING_HOST_CONNECTION_FAILED when nobody answers, JOINING_HOST_SERVICE_FAILED when no XenAPI does;
    /// OTHER_OPERATION_IN_PROGRESS [pool; ref] while another join runs.</summary>
    internal async Task JoinAsync(string address, string user, string password, bool force, CancellationToken cancel)
    {
        Enter((await services.Database.GetAll<pool>(cancel).ConfigureAwait(false))[0].Key);
        bool enabled = (await services.Database.Get(services.Identity.Localhost, cancel).ConfigureAwait(false)).enabled;
        try
        {
            // What starts now would be lost with the role.
            await HostState.SetEnabledAsync(services.Database, services.Identity.Localhost, enabled: false, cancel).ConfigureAwait(false);
            await MeetAsync(address, cancel).ConfigureAwait(false);
            string session = await LoginAsync(address, user, password, cancel).ConfigureAwait(false);
            try
            {
                await ChangeAsync(address, session, force, cancel).ConfigureAwait(false);
            }
            finally
            {
                await LogoutAsync(address, session).ConfigureAwait(false);
            }
        }
        catch
        {
            await HostState.SetEnabledAsync(services.Database, services.Identity.Localhost, enabled, CancellationToken.None).ConfigureAwait(false);
            lock (gate)
            {
                busy = false;
            }

            throw;
        }
        finally
        {
            certificates.EndFirstContact();
        }

        services.RestartSoon($"joined the pool at {address}");
    }

    private async Task ChangeAsync(string address, string session, bool force, CancellationToken cancel)
    {
        string secret = (await AskAsync(address, "pool.initial_auth", [new Value.Text(session)], cancel).ConfigureAwait(false)).AsString();
        RemoteDatabase remote = services.Client.DatabaseOf(address, secret);
        PoolPicture pool = await PoolPicture.ReadAsync(remote, cancel).ConfigureAwait(false);
        PoolPicture here = await PoolPicture.ReadAsync(services.Database, cancel).ConfigureAwait(false);
        JoinChecks.Assert(here, pool, force);
        await certificates.SyncAsync(remote, cancel).ConfigureAwait(false);
        await certificates.AssertTrustedAsync(address, cancel).ConfigureAwait(false);
        try
        {
            string coordinator = pool.Coordinator.address.Length > 0 ? pool.Coordinator.address : address;
            new RoleChange(RoleChange.MemberOf(coordinator), secret, DatabaseFate.Bring).Write(services.Configuration);
        }
        catch (ConfigurationException error)
        {
            throw new XenApiError("INTERNAL_ERROR", error.Message);
        }
    }

    private async Task MeetAsync(string address, CancellationToken cancel)
    {
        try
        {
            await certificates.BeginFirstContactAsync(address, cancel).ConfigureAwait(false);
        }
        catch (XenApiError)
        {
            throw new XenApiError("JOINING_HOST_CONNECTION_FAILED");
        }
    }

    private void Enter(Ref<pool> self)
    {
        lock (gate)
        {
            busy = !busy ? true : throw new XenApiError("OTHER_OPERATION_IN_PROGRESS", "pool", self.ToString());
        }
    }

    private async Task<string> LoginAsync(string address, string user, string password, CancellationToken cancel) =>
        (await AskAsync(address, "session.login_with_password",
            [new Value.Text(user), new Value.Text(password), new Value.Text(ApiVersion), new Value.Text(Originator)], cancel).ConfigureAwait(false)).AsString();

    private async Task<Value> AskAsync(string address, string method, System.Collections.Immutable.ImmutableArray<Value> arguments, CancellationToken cancel)
    {
        try
        {
            return await services.Client.CallPlainAsync(address, method, arguments, PoolLimits.CallDeadline, cancel).ConfigureAwait(false);
        }
        catch (XenApiError error) when (error.Code == "CANNOT_CONTACT_HOST")
        {
            throw new XenApiError("JOINING_HOST_CONNECTION_FAILED");
        }
        catch (XenApiError error) when (error.Code == "INTERNAL_ERROR")
        {
            throw new XenApiError("JOINING_HOST_SERVICE_FAILED");
        }
    }

    /// <summary>The session would end by itself.</summary>
    private async Task LogoutAsync(string address, string session)
    {
        try
        {
            await services.Client.CallPlainAsync(address, "session.logout", [new Value.Text(session)], PoolLimits.FarewellDeadline, CancellationToken.None).ConfigureAwait(false);
        }
        catch (XenApiError error)
        {
            Log.LogoutFailed(services.Logs.CreateLogger("pool"), address, error.Message);
        }
    }
}
