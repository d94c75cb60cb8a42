using System.Collections.Immutable;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Placement;
using Xunit;

namespace Toolstack.Tests.Placement;

/// <summary>What keeps a VM that has booted from going to another CPU.</summary>
public sealed class CpuCheckTests
{
    [Theory]
    [InlineData("00000003-00000001", "Us", null)]
    [InlineData("00000003", "Us", "features")] // a word that is missing has no feature
    [InlineData("00000001-00000001", "Us", "features")]
    [InlineData("ffffffff-ffffffff", "Them", "vendor")]
    [InlineData("", "Them", null)] // it does not say
    public void TheHostHasEverythingOrIsRefused(string features, string vendor, string? refused)
    {
        VM vm = new()
        {
            power_state = vm_power_state.Running,
            domain_type = domain_type.pvh,
            last_boot_CPU_flags = Map(("vendor", "Us"), ("features", "00000002-00000001")),
        };
        host host = new() { cpu_info = Map(("vendor", vendor), ("features_hvm", features), ("features_pv", "")) };
        string? problem = CpuCheck.Problem(vm, host);
        Assert.Equal(refused is null, problem is null);
        Assert.Contains(refused ?? "", problem ?? "", StringComparison.Ordinal);
        Assert.Null(CpuCheck.Problem(vm with { power_state = vm_power_state.Halted }, host));
        Assert.Null(CpuCheck.Problem(vm with { last_boot_CPU_flags = Map() }, host));
        Assert.Null(CpuCheck.Problem(vm with { domain_type = domain_type.pv }, host));
    }

    private static ImmutableSortedDictionary<string, string> Map(params (string Key, string Value)[] pairs) =>
        pairs.ToImmutableSortedDictionary(static p => p.Key, static p => p.Value, StringComparer.Ordinal);
}
