using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Membership;
using Xunit;

namespace Toolstack.Tests.Membership;

public sealed class JoinChecksTests
{
    private static readonly Ref<PIF> Interface = new("OpaqueRef:pif");

    [Fact]
    public void Two_hosts_of_one_kind_may_join() => JoinChecks.Assert(Of("a"), Of("b"), force: false);

    [Fact]
    public void What_stands_against_it_has_a_name()
    {
        Refused("OPERATION_NOT_ALLOWED", Of("a"), Of("a"));
        Refused("OPERATION_NOT_ALLOWED", Of("a"), With(Of("b"), Host("a") with { address = "10.0.0.9" }));
        Refused("OPERATION_NOT_ALLOWED", Of("a"), With(Of("b"), Host("c") with { address = Host("a").address }));
        Refused("JOINING_HOST_CANNOT_BE_MASTER_OF_OTHER_HOSTS", With(Of("a"), Host("c")), Of("b"));
        Refused("HA_IS_ENABLED", Of("a"), Of("b") with { Pool = new pool { master = Ref("b"), ha_enabled = true } });
        Refused("JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS", Of("a") with { Repositories = [new SR { shared = true }] }, Of("b"));
        Refused("POOL_JOINING_HOST_HAS_BONDS", Of("a") with { Bonds = 1 }, Of("b"));
        Refused("POOL_JOINING_HOST_HAS_TUNNELS", Of("a") with { Tunnels = 1 }, Of("b"));
        Refused("POOL_JOINING_HOST_HAS_NETWORK_SRIOVS", Of("a") with { VirtualFunctions = 1 }, Of("b"));
        Refused("POOL_JOINING_HOST_TLS_VERIFICATION_MISMATCH", Of("a"), Of("b") with { Pool = new pool { master = Ref("b"), tls_verification_enabled = true } });
        Refused("POOL_JOINING_EXTERNAL_AUTH_MISMATCH", Of("a"), Of("b", Host("b") with { external_auth_type = "AD" }));
        Refused("LICENSE_HOST_POOL_MISMATCH", Of("a"), Of("b", Host("b") with { edition = "other" }));
    }

    [Fact]
    public void Local_storage_and_the_tools_are_brought_along() =>
        JoinChecks.Assert(Of("a") with { Repositories = [new SR(), new SR { shared = true, is_tools_sr = true }] }, Of("b"), force: false);

    [Theory]
    [InlineData("db_schema", "POOL_JOINING_HOST_MUST_HAVE_SAME_DB_SCHEMA")]
    [InlineData("product_version", "POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION")]
    [InlineData("platform_version", "POOL_JOINING_HOST_MUST_HAVE_SAME_PRODUCT_VERSION")]
    [InlineData("xapi", "HOSTS_NOT_COMPATIBLE")]
    public void Versions_must_agree(string key, string code) =>
        Refused(code, Of("a"), Of("b", Host("b") with { software_version = Host("b").software_version.SetItem(key, "other") }));

    [Fact]
    public void The_versions_of_the_API_are_told()
    {
        XenApiError error = Refused("POOL_JOINING_HOST_MUST_HAVE_SAME_API_VERSION", Of("a"), Of("b", Host("b") with { API_version_minor = 20 }));
        Assert.Equal(["2.21", "2.20"], error.Parameters);
    }

    [Fact]
    public void Other_CPUs_join_only_by_force()
    {
        PoolPicture other = Of("b", Host("b") with { cpu_info = Host("b").cpu_info.SetItem("vendor", "AuthenticAMD") });
        Refused("HOSTS_NOT_HOMOGENEOUS", Of("a"), other);
        JoinChecks.Assert(Of("a"), other, force: true);
        JoinChecks.Assert(Of("a", Host("a") with { cpu_info = ImmutableSortedDictionary<string, string>.Empty }), other, force: false);
    }

    [Fact]
    public void Only_guests_that_are_at_rest_are_brought_along()
    {
        Refused("JOINING_HOST_CANNOT_HAVE_RUNNING_VMS", Of("a") with { Vms = [new VM { power_state = vm_power_state.Running }] }, Of("b"));
        Refused("JOINING_HOST_CANNOT_HAVE_RUNNING_VMS", Of("a") with { Vms = [new VM { power_state = vm_power_state.Paused }] }, Of("b"));
        VM busy = new() { current_operations = ImmutableSortedDictionary<string, vm_operations>.Empty.Add("OpaqueRef:task", vm_operations.clone) };
        Refused("JOINING_HOST_CANNOT_HAVE_VMS_WITH_CURRENT_OPERATIONS", Of("a") with { Vms = [busy] }, Of("b"));
        VM[] fine = [new() { power_state = vm_power_state.Running, is_control_domain = true }, new() { power_state = vm_power_state.Suspended }, new()];
        JoinChecks.Assert(Of("a") with { Vms = fine }, Of("b") with { Vms = [new VM { power_state = vm_power_state.Running }] }, force: false);
    }

    [Fact]
    public void The_management_networks_must_agree()
    {
        XenApiError error = Refused("POOL_JOINING_HOST_MANAGEMENT_VLAN_DOES_NOT_MATCH", Managed("a", 7), Managed("b", -1));
        Assert.Equal(["7", "-1"], error.Parameters);
        JoinChecks.Assert(Managed("a", 7), Managed("b", 7), force: false);
        VLAN managed = new() { untagged_PIF = Interface };
        JoinChecks.Assert(Managed("a", 7) with { Vlans = [managed] }, Managed("b", 7), force: false);
        Refused("POOL_JOINING_HOST_HAS_NON_MANAGEMENT_VLANS", Managed("a", 7) with { Vlans = [managed with { untagged_PIF = new Ref<PIF>("OpaqueRef:x") }] }, Managed("b", 7));
        PoolPicture bridge = Managed("a", -1);
        Refused("POOL_JOINING_HOST_MUST_HAVE_PHYSICAL_MANAGEMENT_NIC",
            bridge with { Interfaces = [KeyValuePair.Create(Interface, bridge.Interfaces[0].Value with { physical = false })] }, Of("b"));
    }

    private static XenApiError Refused(string code, PoolPicture joiner, PoolPicture pool)
    {
        XenApiError error = Assert.Throws<XenApiError>(() => JoinChecks.Assert(joiner, pool, force: false));
        Assert.Equal(code, error.Code);
        return error;
    }

    private static Ref<host> Ref(string name) => new("OpaqueRef:" + name);

    private static host Host(string name) => new()
    {
        uuid = name,
        address = $"10.0.0.{(int)name[0]}",
        API_version_major = 2,
        API_version_minor = 21,
        software_version = ImmutableSortedDictionary<string, string>.Empty
            .Add("product_version", "1").Add("platform_name", "XCP").Add("platform_version", "1").Add("xapi", "1").Add("db_schema", "5.1"),
        cpu_info = ImmutableSortedDictionary<string, string>.Empty.Add("vendor", "GenuineIntel"),
    };

    private static PoolPicture Of(string name, host? coordinator = null) => new()
    {
        Pool = new pool { master = Ref(name) },
        Hosts = [KeyValuePair.Create(Ref(name), coordinator ?? Host(name))],
    };

    private static PoolPicture With(PoolPicture pool, host other) => pool with { Hosts = [.. pool.Hosts, KeyValuePair.Create(new Ref<host>("OpaqueRef:other"), other)] };

    private static PoolPicture Managed(string name, long vlan) => Of(name) with
    {
        Interfaces = [KeyValuePair.Create(Interface, new PIF { host = Ref(name), management = true, VLAN = vlan, physical = vlan < 0 })],
    };
}
