using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Access;

/// <summary>The messages of class subject: who of the directory service may log in, and with which roles.</summary>
internal sealed class SubjectMessages : subjectMessages, IRowConstructor<subject>
{
    /// <summary>Raises SUBJECT_ALREADY_EXISTS.</summary>
    public async Task<subject> BeforeCreateAsync(CallContext call, subject row)
    {
        IReadOnlyList<KeyValuePair<Ref<subject>, subject>> others = await call.Database.GetAll<subject>(call.Cancellation).ConfigureAwait(false);
        return others.Any(o => o.Value.subject_identifier == row.subject_identifier) ? throw new XenApiError("SUBJECT_ALREADY_EXISTS") : row;
    }

    /// <summary>Ends the subject's sessions too.</summary>
    public async Task BeforeDestroyAsync(CallContext call, Ref<subject> self, subject row)
    {
        foreach ((Ref<session> one, session session) in await call.Database.GetAll<session>(call.Cancellation).ConfigureAwait(false))
        {
            if (session.subject == self && one != call.Session)
            {
                await call.Database.Destroy(one, call.Cancellation).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Sessions keep the permissions they began with. Raises ROLE_NOT_FOUND, ROLE_ALREADY_EXISTS.</summary>
    public override async Task add_to_roles(Call call, Ref<subject> self, Ref<role> role)
    {
        if (RoleDirectory.Instance.Value.Find(role.ToString()) is not { Row: role { is_internal: false } })
        {
            throw new XenApiError("ROLE_NOT_FOUND");
        }

        await ((CallContext)call).Database.Update(
            self, row => row.roles.Contains(role) ? throw new XenApiError("ROLE_ALREADY_EXISTS") : row with { roles = row.roles.Add(role) },
            call.Cancellation).ConfigureAwait(false);
    }

    /// <summary>Raises ROLE_NOT_FOUND when the subject does not have it.</summary>
    public override async Task remove_from_roles(Call call, Ref<subject> self, Ref<role> role) => await ((CallContext)call).Database.Update(
        self, row => row.roles.Contains(role) ? row with { roles = row.roles.Remove(role) } : throw new XenApiError("ROLE_NOT_FOUND"),
        call.Cancellation).ConfigureAwait(false);

    public override async Task<ImmutableArray<string>> get_permissions_name_label(Call call, Ref<subject> self)
    {
        subject row = await ((CallContext)call).Database.Get(self, call.Cancellation).ConfigureAwait(false);
        return RoleDirectory.Instance.Value.PermissionsOf(row.roles);
    }
}
