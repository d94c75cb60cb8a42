using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>Suspend to and resume from an image.</summary>
public sealed class SuspendTests
{
    [Fact]
    public async Task AGuestGoesOnFromItsImageAsIfNothingHadBeen()
    {
        await using var host = await EngineHost.StartAsync();
        string vm = await host.AddVmAsync();
        await host.RunAsync(vm);
        ulong before = ulong.Parse(await host.ScriptAsync(vm, "counter"));
        var image = Image(host);
        await host.EndAsync(await host.Service.VmSuspend("test", vm, image, default));
        Assert.Equal(PowerState.Suspended, await host.PowerStateAsync(vm));
        Assert.Empty(host.Engine.Backend.ListDomains());
        Assert.StartsWith("XenSavedDomv2-\n", await File.ReadAllTextAsync(image.path, System.Text.Encoding.Latin1), StringComparison.Ordinal);

        // Another process knows it, and only a resume starts it.
        await host.RestartAsync();
        Assert.Equal(PowerState.Suspended, await host.PowerStateAsync(vm));
        Assert.IsType<XenopsErrorValue.Bad_power_state>(await FailureAsync(host, await host.Service.VmStart("test", vm, false, default)));
        await host.EndAsync(await host.Service.VmResume("test", vm, image, default));
        Assert.Equal(PowerState.Paused, await host.PowerStateAsync(vm));
        await host.EndAsync(await host.Service.VmUnpause("test", vm, default));
        Assert.True(ulong.Parse(await host.ScriptAsync(vm, "counter")) >= before);
        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
        await host.EndAsync(await host.Service.VmShutdown("test", vm, null, default));
        Assert.Equal(PowerState.Halted, await host.PowerStateAsync(vm));
    }

    /// <summary>A disk named as SR/VDI is where the storage manager attached it.</summary>
    [Fact]
    public async Task AnImageStandsOnADiskOfARepository()
    {
        await using var host = await EngineHost.StartAsync();
        string vm = await host.AddVmAsync();
        await host.RunAsync(vm);
        Disk.VDI image = new("sr/vdi");
        foreach (string bad in (string[])["sr/vdi", "sr", "sr/../vdi", "../x/vdi"])
        {
            Assert.IsType<XenopsErrorValue.Storage_backend_error>(await FailureAsync(host, await host.Service.VmSuspend("test", vm, new Disk.VDI(bad), default)));
        }

        Assert.Equal(PowerState.Running, await host.PowerStateAsync(vm));
        Directory.CreateDirectory(host.In("attached/sr"));
        await File.WriteAllBytesAsync(host.In("attached/sr/vdi"), []);
        await host.EndAsync(await host.Service.VmSuspend("test", vm, image, default));
        await host.EndAsync(await host.Service.VmResume("test", vm, image, default));
        await host.EndAsync(await host.Service.VmUnpause("test", vm, default));
        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task ASuspendThatCannotBeWrittenLeavesTheGuestRunning()
    {
        await using var host = await EngineHost.StartAsync();
        string vm = await host.AddVmAsync();
        await host.RunAsync(vm);

        // A device that takes no byte.
        Assert.IsType<TaskState.Failed>(await host.WaitAsync(await host.Service.VmSuspend("test", vm, new Disk.Local("/dev/full"), default)));
        Assert.Equal(PowerState.Running, await host.PowerStateAsync(vm));
        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
        Assert.IsType<XenopsErrorValue.Storage_backend_error>(
            await FailureAsync(host, await host.Service.VmSuspend("test", vm, new Disk.Local(host.In("nothing")), default)));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(100_000)]
    public async Task AnImageThatIsNotWholeIsRefusedAndTheVmStaysSuspended(int bytes)
    {
        await using var host = await EngineHost.StartAsync();
        string vm = await host.AddVmAsync();
        await host.RunAsync(vm);
        var image = Image(host);
        await host.EndAsync(await host.Service.VmSuspend("test", vm, image, default));
        byte[] whole = await File.ReadAllBytesAsync(image.path);
        await File.WriteAllBytesAsync(image.path, whole[..bytes]);
        Assert.IsType<XenopsErrorValue.Internal_error>(await FailureAsync(host, await host.Service.VmResume("test", vm, image, default)));
        Assert.Equal(PowerState.Suspended, await host.PowerStateAsync(vm));
        Assert.Empty(host.Engine.Backend.ListDomains());
        await File.WriteAllBytesAsync(image.path, whole);
        await host.EndAsync(await host.Service.VmResume("test", vm, image, default));
    }

    private static Disk.Local Image(EngineHost host)
    {
        string path = host.In("image");
        File.WriteAllBytes(path, []);
        return new Disk.Local(path);
    }

    private static async Task<XenopsErrorValue> FailureAsync(EngineHost host, string task) => Assert.IsType<TaskState.Failed>(await host.WaitAsync(task)).error;
}
