using System.Globalization;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Membership;

/// <summary>Whether a host may join a pool: pure, over the rows of both. The first thing that stands against it is raised.</summary>
internal static class JoinChecks
{
    /// <summary>Versions that members of a pool have in common.</summary>
    private static readonly string[] ProductVersions = ["product_version", "platform_name", "platform_version"];

    /// <param name="joiner">The pool of one that the host is now.</param>
    /// <param name="pool">The pool that it is to become a member of.</param>
    /// <param name="force">Hosts with different CPUs may form a pool.</param>
    internal static void Assert(PoolPicture joiner, PoolPicture pool, bool force)
    {
        AssertTwoPools(joiner, pool);
        AssertVersions(joiner.Coordinator, pool.Coordinator);
        if (!force)
        {
            AssertProcessors(joiner.Coordinator, pool.Coordinator);
        }

        AssertVms(joiner);
        if (joiner.Repositories.Any(static r => r is { shared: true, is_tools_sr: false }))
        {
            throw new XenApiError("JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS");
        }

        AssertNetworks(joiner, pool);
        AssertTrust(joiner, pool);
    }

    /// <summary>What the host must be by itself. Raises JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS, HA_IS_ENABLED; OPERATION_NOT_ALLOWED [text] when
    /// the pool has this host already.</summary>
    private static void AssertTwoPools(PoolPicture joiner, PoolPicture pool)
    {
        host self = joiner.Coordinator;
        if (pool.Coordinator.uuid == self.uuid)
        {
            throw new XenApiError("OPERATION_NOT_ALLOWED", "the host is the coordinator of that pool");
        }

        if (joiner.Hosts.Count > 1)
        {
            throw new XenApiError("JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS");
        }

        if (joiner.Pool.ha_enabled || pool.Pool.ha_enabled)
        {
            throw new XenApiError("HA_IS_ENABLED");
        }

        foreach ((_, host other) in pool.Hosts)
        {
            if (other.uuid == self.uuid || (self.address.Length > 0 && other.address == self.address))
            {
                throw new XenApiError("OPERATION_NOT_ALLOWED", $"the pool has a host with uuid {other.uuid} at {other.address}, which must be removed from it first");
            }
        }
    }

    private static void AssertVersions(host self, host coordinator)
    {
        if (Api(self) != Api(coordinator))
        {
            throw new XenApiError("POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION", Api(self), Api(coordinator));
        }

        if (Version(self, "db_schema") != Version(coordinator, "db_schema"))
        {
            throw new XenApiError("POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA", Version(self, "db_schema"), Version(coordinator, "db_schema"));
        }

        if (ProductVersions.Any(key => Version(self, key) != Version(coordinator, key)))
        {
            throw new XenApiError("POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION");
        }

        if (Version(self, "xapi") != Version(coordinator, "xapi"))
        {
            throw new XenApiError("HOSTS_NOT_COMPATIBLE");
        }

        if (self.edition != coordinator.edition)
        {
            throw new XenApiError("LICENSE_HOST_POOL_MISMATCH");
        }
    }

    /// <summary>A host whose xenopsd has not answered yet is not judged by its CPU. Raises HOSTS_NOT_HOMOGENEOUS [reason].</summary>
    private static void AssertProcessors(host self, host coordinator)
    {
        if (self.cpu_info.TryGetValue("vendor", out string? here) && coordinator.cpu_info.TryGetValue("vendor", out string? there) && here != there)
        {
            throw new XenApiError("HOSTS_NOT_HOMOGENEOUS", $"CPUs differ: {here}, {there}");
        }
    }

    private static void AssertVms(PoolPicture joiner)
    {
        foreach (VM vm in joiner.Vms.Where(static v => !v.is_control_domain))
        {
            if (!vm.current_operations.IsEmpty)
            {
                throw new XenApiError("JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS");
            }

            if (vm.power_state is vm_power_state.Running or vm_power_state.Paused)
            {
                throw new XenApiError("JOINING_HOST_CANNOT_HAVE_RUNNING_VMS");
            }
        }
    }

    private static void AssertNetworks(PoolPicture joiner, PoolPicture pool)
    {
        string? problem = joiner switch
        {
            { Bonds: > 0 } => "POOL_JOINING_HOST_HAS_BONDS",
            { Tunnels: > 0 } => "POOL_JOINING_HOST_HAS_TUNNELS",
            { VirtualFunctions: > 0 } => "POOL_JOINING_HOST_HAS_NETWORK_SRIOVS",
            _ when joiner.Vlans.Any(vlan => !joiner.Interfaces.Any(p => p.Key == vlan.untagged_PIF && p.Value.management)) => "POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS",
            { Management: { VLAN: < 0, physical: false } } => "POOL_JOINING_HOST_MUST_HAVE_PHYSICAL_MANAGEMENT_NIC",
            _ => null,
        };
        if (problem is not null)
        {
            throw new XenApiError(problem);
        }

        if (joiner.Management is { } own && pool.Management is { } theirs && own.VLAN != theirs.VLAN)
        {
            throw new XenApiError("POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH", Number(own.VLAN), Number(theirs.VLAN));
        }
    }

    private static void AssertTrust(PoolPicture joiner, PoolPicture pool)
    {
        (host self, host coordinator) = (joiner.Coordinator, pool.Coordinator);
        if ((self.external_auth_type, self.external_auth_service_name) != (coordinator.external_auth_type, coordinator.external_auth_service_name))
        {
            throw new XenApiError("POOL_JOINING_EXTERNAL_AUTH_MISMATCH");
        }

        if (joiner.Pool.tls_verification_enabled != pool.Pool.tls_verification_enabled)
        {
            throw new XenApiError("POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH");
        }
    }

    private static string Api(host row) => string.Create(CultureInfo.InvariantCulture, $"{row.API_version_major}.{row.API_version_minor}");

    private static string Version(host row, string key) => row.software_version.GetValueOrDefault(key, "");

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
}
