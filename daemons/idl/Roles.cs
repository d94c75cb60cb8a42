using System.Collections.Immutable;

namespace Toolstack.Idl;

/// <summary>The names of the roles and which of them a least role opens.</summary>
public static class Roles
{
    /// <summary>Strongest first.</summary>
    public static ImmutableArray<Role> All { get; } =
        [Role.PoolAdmin, Role.PoolOperator, Role.VmPowerAdmin, Role.VmAdmin, Role.VmOperator, Role.ClientCert, Role.ReadOnly];

    public static string Name(Role role) => role switch
    {
        Role.PoolAdmin => "pool-admin",
        Role.PoolOperator => "pool-operator",
        Role.VmPowerAdmin => "vm-power-admin",
        Role.VmAdmin => "vm-admin",
        Role.VmOperator => "vm-operator",
        Role.ClientCert => "client-cert",
        Role.ReadOnly => "read-only",
        _ => throw new ArgumentOutOfRangeException(nameof(role)),
    };

    /// <summary>The least role and the stronger ones, with <paramref name="also"/>; none for <see cref="Role.LocalRoot"/>. Strongest first.</summary>
    public static ImmutableArray<Role> Allowed(Role least, ImmutableArray<Role> also) =>
        [.. All.Where(r => (least != Role.LocalRoot && r >= least) || (!also.IsDefault && also.Contains(r)))];
}
