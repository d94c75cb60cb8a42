using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>xenopsd dies before each step of an operation in turn, and a new one takes over: the VM either runs with everything it has, or is off
/// with nothing left of it.</summary>
public sealed class DeathTests
{
    private const int MostSteps = 80;

    public static TheoryData<string, bool> Operations { get; } = new()
    {
        { "start", true }, { "start", false }, { "shutdown", true }, { "shutdown", false }, { "reboot", true }, { "suspend", true }, { "resume", true },
        { "plug disk", true }, { "plug disk", false }, { "unplug disk", true }, { "unplug disk", false }, { "plug interface", true }, { "unplug interface", true },
    };

    [Theory]
    [MemberData(nameof(Operations))]
    public Task ARestartFindsATrueState(string operation, bool plugsInOneStep) => DiesAtEachStepAsync(operation, plugsInOneStep, passed: null);

    /// <summary>The same with a VM that has shares of graphics cards, and but for a suspend another function and a USB device: each is one domain's at a
    /// time, so that the next VM shows that none was kept.</summary>
    [Theory]
    [InlineData("reboot")]
    [InlineData("suspend")]
    [InlineData("resume")]
    public Task ARestartFindsATrueStateWithDevicesOfTheHost(string operation) =>
        DiesAtEachStepAsync(operation, plugsInOneStep: true, new PassedDevices(Travels: operation is "suspend" or "resume"));

    private static async Task DiesAtEachStepAsync(string operation, bool plugsInOneStep, PassedDevices? passed)
    {
        await using var host = await EngineHost.StartAsync(plugsInOneStep);
        for (int step = 1; step <= MostSteps; step++)
        {
            string vm = await host.AddVmAsync();
            await (passed?.AddAsync(host, vm) ?? Task.CompletedTask);
            await PrepareAsync(host, vm, operation);
            host.DiesAt = step;
            await host.WaitAsync(await BeginAsync(host, vm, operation));
            bool died = host.Died;
            await host.RestartAsync();
            await CheckAsync(host, vm, operation, $"{operation}, step {step}");
            if (passed is not null && await host.PowerStateAsync(vm) == PowerState.Running)
            {
                await PassedDevices.AssertPluggedAsync(host, vm, $"{operation}, step {step}");
            }

            await ClearAsync(host, vm);
            if (!died)
            {
                Assert.True(step > 1, $"{operation} has no step");
                return;
            }
        }

        Assert.Fail($"{operation} did not end within {MostSteps} steps");
    }

    private static async Task PrepareAsync(EngineHost host, string vm, string operation)
    {
        if (operation == "start")
        {
            return;
        }

        await host.RunAsync(vm);
        switch (operation)
        {
            case "resume":
                await host.EndAsync(await host.Service.VmSuspend("test", vm, Image(host), default));
                break;
            case "plug disk":
                await host.EndAsync(await host.Service.VbdUnplug("test", (vm, "xvda"), true, default));
                break;
            case "plug interface":
                await host.EndAsync(await host.Service.VifUnplug("test", (vm, "0"), true, default));
                break;
        }

        await host.IdleAsync();
    }

    private static Task<string> BeginAsync(EngineHost host, string vm, string operation) => operation switch
    {
        "start" => host.Service.VmStart("test", vm, false, default),
        "shutdown" => host.Service.VmShutdown("test", vm, null, default),
        "reboot" => host.Service.VmReboot("test", vm, null, default),
        "suspend" => host.Service.VmSuspend("test", vm, Image(host), default),
        "resume" => host.Service.VmResume("test", vm, Image(host), default),
        "plug disk" => host.Service.VbdPlug("test", (vm, "xvda"), default),
        "unplug disk" => host.Service.VbdUnplug("test", (vm, "xvda"), true, default),
        "plug interface" => host.Service.VifPlug("test", (vm, "0"), default),
        _ => host.Service.VifUnplug("test", (vm, "0"), true, default),
    };

    private static async Task CheckAsync(EngineHost host, string vm, string operation, string when)
    {
        var state = await host.PowerStateAsync(vm);
        if (state is PowerState.Halted or PowerState.Suspended)
        {
            Assert.True(state == PowerState.Halted || operation is "suspend" or "resume", $"{when}: {state}");
            Assert.True(state == PowerState.Suspended || operation is not ("resume" or "suspend"), $"{when}: the guest is lost");
            Assert.Empty(host.Engine.Backend.ListDomains());
            Assert.Equal([], await host.NodesAsync(vm));
            return;
        }

        Assert.Null(await host.Engine.Backend.Devices.GetActionRequestAsync(vm, default));
        bool disk = (await host.Service.VbdStat("test", (vm, "xvda"), default)).state.plugged;
        bool network = (await host.Service.VifStat("test", (vm, "0"), default)).state.plugged;
        Assert.True(disk || operation is "plug disk" or "unplug disk", $"{when}: {state} without its disk");
        Assert.True(network || operation is "plug interface" or "unplug interface", $"{when}: {state} without its interface");
        if (state == PowerState.Paused)
        {
            await host.EndAsync(await host.Service.VmUnpause("test", vm, default));
        }

        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
    }

    /// <summary>What was found can be used: a suspended VM is resumed, a halted one started, and all are shut down and removed.</summary>
    private static async Task ClearAsync(EngineHost host, string vm)
    {
        if (await host.PowerStateAsync(vm) == PowerState.Suspended)
        {
            await host.EndAsync(await host.Service.VmResume("test", vm, Image(host), default));
        }

        await host.EndAsync(await host.Service.VmShutdown("test", vm, null, default));
        await host.Service.VmRemove("test", vm, default);
        Assert.Equal([], await host.NodesAsync(vm));
    }

    private static Disk.Local Image(EngineHost host)
    {
        string path = host.In("image");
        if (!File.Exists(path))
        {
            File.WriteAllBytes(path, []);
        }

        return new Disk.Local(path);
    }
}
