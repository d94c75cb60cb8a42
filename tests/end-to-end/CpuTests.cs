using Toolstack.EndToEnd.Client;
using Toolstack.EndToEnd.Pool;
using Xunit;

namespace Toolstack.Tests.EndToEnd;

/// <summary>A pool whose second host has an older CPU.</summary>
public sealed class UnequalFixture : PoolFixture
{
    protected override PoolOptions Options => new()
    {
        SimulatorLines = static number => [$"cpu-features = {(number == 1 ? "0000000f-0000000f" : "0000000f-00000007")}"],
    };
}

/// <summary>A VM boots with what all CPUs of the pool have, and does not go to one that lacks what it has booted with.</summary>
public sealed class CpuTests(UnequalFixture fixture) : DeadlineTests, IClassFixture<UnequalFixture>
{
    [Fact]
    public async Task AVmThatBootsWithWhatAllHostsHaveGoesThereAndBack()
    {
        var pool = (object[])await fixture.Client.CallAsync("pool.get_all", Cancel);
        var level = await fixture.Client.MapAsync("pool.get_cpu_info", Cancel, pool[0]);
        Assert.Equal(("0000000f-00000007", "0000000f-00000007"), (level["features_hvm_host"], level["features_pv_host"]));
        await using var vm = await fixture.StartVmAsync(Cancel, 16, host: 1);
        var flags = await fixture.Client.MapAsync("VM.get_last_boot_CPU_flags", Cancel, vm.Ref);
        Assert.Equal("0000000f-00000007", flags["features"]);
        Assert.Equal(level["vendor"], flags["vendor"]);
        await fixture.MigrateAsync(vm.Ref, 2, Cancel);
        await fixture.MigrateAsync(vm.Ref, 1, Cancel);
    }

    [Fact]
    public async Task AVmThatBootsWithMoreStays()
    {
        await using var young = await fixture.StartVmAsync(Cancel, 16, host: 1);
        await fixture.Client.CallAsync("VM.hard_shutdown", Cancel, young.Ref);
        await fixture.Client.CallAsync("VM.add_to_platform", Cancel, young.Ref, "featureset", "0000000f-0000000f");
        await fixture.Client.CallAsync("VM.start_on", Cancel, young.Ref, await fixture.HostRefAsync(1, Cancel), false, false);
        var flags = await fixture.Client.MapAsync("VM.get_last_boot_CPU_flags", Cancel, young.Ref);
        Assert.Equal("0000000f-0000000f", flags["features"]);

        var there = await fixture.HostRefAsync(2, Cancel);
        var failure = await Assert.ThrowsAsync<XenApiFailure>(() => fixture.MigrateAsync(young.Ref, 2, Cancel));
        Assert.Equal(["VM_INCOMPATIBLE_WITH_THIS_HOST", young.Ref, there], failure.Description.Take(3));
        Assert.Equal(("Running", 1), (await young.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(young.Ref, Cancel)));
        await fixture.Client.CallAsync("VM.pool_migrate", Cancel, young.Ref, there, new Dictionary<string, string> { ["live"] = "true", ["force"] = "true" });
        Assert.Equal(2, await fixture.ResidentOnAsync(young.Ref, Cancel));
    }
}
