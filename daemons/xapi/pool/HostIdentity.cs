using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Pool;

/// <summary>Which host this is and which part it has in the pool. Read once at start; a change of role takes a restart.</summary>
public sealed class HostIdentity
{
    /// <summary>The host's uuid (INSTALLATION_UUID of the inventory).</summary>
    public required string Uuid { get; init; }

    /// <summary>This host's row; the null reference until the start of the pool found or made it.</summary>
    public Ref<host> Localhost { get; set; } = Ref<host>.Null;

    /// <summary>The address other hosts reach this one at.</summary>
    public required string Address { get; init; }

    /// <summary>The TCP port of XenAPI, the same on every host of a pool.</summary>
    public required int HttpPort { get; init; }

    public required bool IsCoordinator { get; init; }

    /// <summary>The coordinator's address; this host's own on the coordinator; empty on a broken host.</summary>
    public required string CoordinatorAddress { get; init; }

    /// <summary>A change of coordinator was cut short: this host is neither coordinator nor member until it is told which.</summary>
    public bool IsBroken => CoordinatorAddress.Length == 0;

    /// <summary>What hosts of a pool show each other to log in.</summary>
    public required string PoolSecret { get; init; }
}
