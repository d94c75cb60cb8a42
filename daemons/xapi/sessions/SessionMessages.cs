using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Sessions;

/// <summary>The messages of class session.</summary>
internal sealed class SessionMessages(SessionService sessions) : sessionMessages
{
    public override Task<Ref<session>> login_with_password(Call call, string uname, string pwd, string version, string originator) =>
        sessions.LoginAsync(uname, pwd, originator, ((CallContext)call).IsLocalRoot, call.Cancellation);

    public override Task<Ref<session>> slave_login(Call call, Ref<host> host, string psecret) =>
        sessions.PoolLoginAsync(host, psecret, call.Cancellation);

    public override async Task logout(Call call)
    {
        var context = (CallContext)call;
        await context.Database.Destroy(context.Session, call.Cancellation).ConfigureAwait(false);
    }
}
