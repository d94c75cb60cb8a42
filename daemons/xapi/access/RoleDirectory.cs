using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Access;

/// <summary>
/// The roles and permissions as objects of class role. They follow from the declarations and never change, so they are no rows of the
/// database: they are made when somebody first asks for them, with uuids that are worked out from their names.
/// </summary>
internal sealed class RoleDirectory : IVirtualRows
{
    private const string PoolAdminUuid = "0165f154-ba3e-034e-6b27-5d271af109ba";
    private const string PermissionText = "A basic permission";

    private readonly Dictionary<string, RowView> byRef = new(StringComparer.Ordinal);
    private readonly Dictionary<Role, ImmutableArray<string>> permissions = [];

    private RoleDirectory()
    {
        SortedDictionary<string, ImmutableArray<Role>> all = Permissions.All(Datamodel.Datamodel.Classes);
        foreach (string name in all.Keys)
        {
            Add(new role { uuid = UuidOf(name), name_label = name, name_description = PermissionText, is_internal = true });
        }

        foreach (Role of in Roles.All)
        {
            permissions[of] = [.. all.Where(p => p.Value.Contains(of)).Select(static p => p.Key)];
            Add(new role
            {
                uuid = UuidOf(Roles.Name(of)),
                name_label = Roles.Name(of),
                name_description = Description(of),
                subroles = [.. permissions[of].Select(RefOf)],
                is_internal = of is Role.ClientCert,
            });
        }

        Rows = [.. byRef.Values];
    }

    /// <summary>Made on first use: few callers ask.</summary>
    internal static Lazy<RoleDirectory> Instance { get; } = new(static () => new RoleDirectory());

    public IReadOnlyList<RowView> Rows { get; }

    public RowView? Find(string reference) => byRef.GetValueOrDefault(reference);

    internal static Ref<role> RefOf(string name) => new("OpaqueRef:" + UuidOf(name));

    /// <summary>The names of what the roles allow together, sorted for <see cref="Sessions.SessionInfo.May"/>.</summary>
    internal ImmutableArray<string> PermissionsOf(IEnumerable<Ref<role>> roles)
    {
        SortedSet<string> names = new(StringComparer.Ordinal);
        foreach (Ref<role> self in roles)
        {
            names.UnionWith(PermissionsOf(self).Select(NameOf));
        }

        return [.. names];
    }

    /// <summary>The permissions of a role, directly and by its subroles; of a permission itself. Raises HANDLE_INVALID.</summary>
    internal ImmutableArray<Ref<role>> PermissionsOf(Ref<role> self)
    {
        role row = Get(self);
        return row.subroles.IsEmpty && row.is_internal && row.name_description == PermissionText ? [self] : row.subroles;
    }

    /// <summary>The roles that hold a permission. Raises HANDLE_INVALID.</summary>
    internal ImmutableArray<Ref<role>> Holding(Ref<role> permission)
    {
        Get(permission);
        return [.. Rows.Where(r => ((role)r.Row).subroles.Contains(permission)).Select(static r => new Ref<role>(r.Reference))];
    }

    internal string NameOf(Ref<role> self) => Get(self).name_label;

    /// <summary>Raises HANDLE_INVALID [role; ref].</summary>
    internal role Get(Ref<role> self) => (role?)Find(self.ToString())?.Row ?? throw new XenApiError("HANDLE_INVALID", "role", self.ToString());

    private void Add(role row)
    {
        string reference = "OpaqueRef:" + row.uuid;
        byRef[reference] = new RowView(reference, row, 0, 0);
    }

    private static string UuidOf(string name) =>
        name == "pool-admin" ? PoolAdminUuid : new Guid(Md5(name), bigEndian: true).ToString();

#pragma warning disable CA5351 // an identifier worked out from a name, not a secret
    private static byte[] Md5(string name) => MD5.HashData(Encoding.UTF8.GetBytes(name));
#pragma warning restore CA5351

    private static string Description(Role of) => of switch
    {
        Role.PoolAdmin => "Everything, accounts and roles included",
        Role.PoolOperator => "Hosts, storage, networks and the pool itself",
        Role.VmPowerAdmin => "VMs and templates, and where VMs run",
        Role.VmAdmin => "VMs and templates",
        Role.VmOperator => "Using VMs and their consoles",
        Role.ClientCert => "What a client that is known by its certificate may do",
        _ => "Looking only",
    };
}
