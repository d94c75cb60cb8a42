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

/// <summary>A VM does not go to a CPU that lacks what it has booted with.</summary>
public sealed class CpuTests(UnequalFixture fixture) : DeadlineTests, IClassFixture<UnequalFixture>
{
    [Fact]
    public async Task AVmGoesToTheNewerCpuAndNotBack()
    {
        await using var old = await fixture.StartVmAsync(Cancel, 16, host: 2);
        await fixture.MigrateAsync(old.Ref, 1, Cancel);
        await using var young = await fixture.StartVmAsync(Cancel, 16, host: 1);
        var flags = await fixture.Client.MapAsync("VM.get_last_boot_CPU_flags", Cancel, young.Ref);
        Assert.Equal("0000000f-0000000f", flags["features"]);
        Assert.NotEqual("", flags["vendor"]);

        var there = await fixture.HostRefAsync(2, Cancel);
        var failure = await Assert.ThrowsAsync<XenApiFailure>(() => fixture.MigrateAsync(young.Ref, 2, Cancel));
        Assert.Equal(["VM_INCOMPATIBLE_WITH_THIS_HOST", young.Ref, there], failure.Description.Take(3));
        Assert.Equal(("Running", 1), (await young.PowerStateAsync(Cancel), await fixture.ResidentOnAsync(young.Ref, Cancel)));
        await fixture.Client.CallAsync("VM.pool_migrate", Cancel, young.Ref, there, new Dictionary<string, string> { ["live"] = "true", ["force"] = "true" });
        Assert.Equal(2, await fixture.ResidentOnAsync(young.Ref, Cancel));
    }
}
