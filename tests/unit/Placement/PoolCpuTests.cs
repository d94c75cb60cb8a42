using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Placement;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Placement;

public sealed class PoolCpuTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("0000000f-00000007", "00000006-0000000f", "00000006-00000007")]
    [InlineData("0000000f-00000007", "0000000f", "0000000f-00000000")] // a word that is missing has no feature
    [InlineData("", "0000000f", "0000000f")]
    [InlineData("", "", "")]
    public void WhatTwoHaveInCommonEachOfThemHas(string one, string other, string common)
    {
        Assert.Equal(common, PoolCpu.Common(one, other));
        Assert.Equal(common, PoolCpu.Common(other, one));
        Assert.True(one.Length == 0 || CpuPolicy.IsCompatible(common, one));
    }

    [Fact]
    public async Task ThePoolSaysWhatItsHostsHaveAndAVmBootsWithThat()
    {
        LocalDatabase database = LocalDatabase.InMemory(Datamodel.Classes);
        Ref<pool> pool = await database.Create(new pool { uuid = "p" }, Cancel);
        var cpu = new PoolCpu(database);
        var guest = new VM { uuid = "v", domain_type = domain_type.pvh };
        await database.Create(Host("unknown", []), Cancel);
        await cpu.RefreshAsync(Cancel);
        Assert.Null(await cpu.FeaturesOfAsync(guest, Cancel));

        await database.Create(Host("a", [("vendor", "Us"), ("cpu_count", "4"), ("socket_count", "1"), ("features_pv_host", "0000000c"), ("features_hvm_host", "0000000f")]), Cancel);
        Ref<host> old = await database.Create(
            Host("b", [("vendor", "Us"), ("cpu_count", "2"), ("socket_count", "2"), ("features_pv_host", "00000005"), ("features_hvm_host", "00000007")]), Cancel);
        await cpu.RefreshAsync(Cancel);
        ImmutableSortedDictionary<string, string> level = (await database.Get(pool, Cancel)).cpu_info;
        Assert.Equal("cpu_count=6 features_hvm_host=00000007 features_pv_host=00000004 socket_count=3 vendor=Us", string.Join(' ', level.Select(static p => $"{p.Key}={p.Value}")));
        Assert.Equal("00000007", await cpu.FeaturesOfAsync(guest, Cancel));
        Assert.Equal("00000004", await cpu.FeaturesOfAsync(guest with { domain_type = domain_type.pv }, Cancel));
        Assert.Null(await cpu.FeaturesOfAsync(guest with { platform = guest.platform.SetItem("featureset", "1") }, Cancel));
        VM suspended = guest with { power_state = vm_power_state.Suspended, last_boot_CPU_flags = guest.last_boot_CPU_flags.SetItem("features", "00000003") };
        Assert.Equal("00000003", await cpu.FeaturesOfAsync(suspended, Cancel));

        await database.Destroy(old, Cancel);
        await cpu.RefreshAsync(Cancel);
        Assert.Equal("0000000f", await cpu.FeaturesOfAsync(guest, Cancel));
        long generation = database.Generation;
        await cpu.RefreshAsync(Cancel);
        Assert.Equal(generation, database.Generation);
    }

    private static host Host(string uuid, (string Key, string Value)[] cpu) =>
        new() { uuid = uuid, cpu_info = cpu.ToImmutableSortedDictionary(static p => p.Key, static p => p.Value, StringComparer.Ordinal) };
}
