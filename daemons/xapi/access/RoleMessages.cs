using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Access;

/// <summary>The messages of class role, and its rows.</summary>
internal sealed class RoleMessages : roleMessages, IVirtualRows
{
    private static RoleDirectory Directory => RoleDirectory.Instance.Value;

    public IReadOnlyList<RowView> Rows => Directory.Rows;

    public RowView? Find(string reference) => Directory.Find(reference);

    public override Task<ImmutableArray<Ref<role>>> get_permissions(Call call, Ref<role> self) => Task.FromResult(Directory.PermissionsOf(self));

    public override Task<ImmutableArray<string>> get_permissions_name_label(Call call, Ref<role> self) =>
        Task.FromResult<ImmutableArray<string>>([.. Directory.PermissionsOf(self).Select(Directory.NameOf)]);

    public override Task<ImmutableArray<Ref<role>>> get_by_permission(Call call, Ref<role> permission) => Task.FromResult(Directory.Holding(permission));

    /// <summary>Raises ROLE_NOT_FOUND for a text that names no permission.</summary>
    public override Task<ImmutableArray<Ref<role>>> get_by_permission_name_label(Call call, string label)
    {
        Ref<role> permission = RoleDirectory.RefOf(label.ToLowerInvariant());
        return Directory.Find(permission.ToString()) is null
            ? throw new XenApiError("ROLE_NOT_FOUND")
            : Task.FromResult(Directory.Holding(permission));
    }
}
