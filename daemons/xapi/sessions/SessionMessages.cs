using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Sessions;

/// <summary>The messages of class session.</summary>
internal sealed class SessionMessages(SessionService sessions) : sessionMessages
{
    public override Task<Ref<session>> login_with_password(Call call, string uname, string pwd, string version, string originator) =>
        sessions.LoginAsync(uname, pwd, originator, ((CallContext)call).IsLocalRoot, ((CallContext)call).Client, call.Cancellation);

    public override Task<Ref<session>> slave_login(Call call, Ref<host> host, string psecret) =>
        sessions.PoolLoginAsync(host, psecret, call.Cancellation);

    public override Task<Ref<session>> slave_local_login(Call call, string psecret) => Task.FromResult(sessions.LocalLogin(psecret));

    public override Task<Ref<session>> slave_local_login_with_password(Call call, string uname, string pwd) =>
        sessions.LocalLoginAsync(uname, pwd, ((CallContext)call).IsLocalRoot, ((CallContext)call).Client, call.Cancellation);

    public override Task logout(Call call) => sessions.LogoutAsync(((CallContext)call).Session, call.Cancellation);

    public override Task local_logout(Call call)
    {
        sessions.LocalLogout(((CallContext)call).Session);
        return Task.CompletedTask;
    }

    /// <summary>A session that sees the records of a dump (the XML of GET /pool/xmldbdump) on this host and changes nothing.
    /// Raises INTERNAL_ERROR [reason].</summary>
    public override Task<Ref<session>> create_from_db_file(Call call, string filename) =>
        sessions.FileLoginAsync(filename, ((CallContext)call).UserName, call.Cancellation);

    /// <summary>Of the caller's own account; the old password is not asked for. Raises USER_IS_NOT_LOCAL_SUPERUSER [text],
    /// CHANGE_PASSWORD_REJECTED [text].</summary>
    public override Task change_password(Call call, string old_pwd, string new_pwd)
    {
        var context = (CallContext)call;
        return context.IsSuperuser && context.UserName.Length > 0
            ? sessions.ChangePasswordAsync(context.UserName, new_pwd, call.Cancellation)
            : throw new XenApiError("USER_IS_NOT_LOCAL_SUPERUSER", "only a local superuser can change a password");
    }

    /// <summary>The identifiers of the directory's users who are logged in.</summary>
    public override async Task<ImmutableArray<string>> get_all_subject_identifiers(Call call)
    {
        IReadOnlyList<KeyValuePair<Ref<session>, session>> rows = await ((CallContext)call).Database.GetAll<session>(call.Cancellation).ConfigureAwait(false);
        return [.. rows.Select(static r => r.Value.auth_user_sid).Where(static sid => sid.Length > 0).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    /// <summary>Ends every session of a directory's user.</summary>
    public override async Task logout_subject_identifier(Call call, string subject_identifier)
    {
        var context = (CallContext)call;
        foreach ((Ref<session> self, session row) in await context.Database.GetAll<session>(call.Cancellation).ConfigureAwait(false))
        {
            if (row.auth_user_sid.Length > 0 && row.auth_user_sid == subject_identifier && self != context.Session)
            {
                await context.Database.Destroy(self, call.Cancellation).ConfigureAwait(false);
            }
        }
    }
}
