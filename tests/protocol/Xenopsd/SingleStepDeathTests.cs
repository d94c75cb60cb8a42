using System.Collections.Immutable;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>xenopsd dies before the only step of each operation that is a step, and a new one takes over: the VM runs on with everything it has, and the
/// operation can be asked for again.</summary>
public sealed class SingleStepDeathTests
{
    private delegate Task<string> Call(EngineHost host, string vm);

    /// <summary>In an order in which each can follow the one before it.</summary>
    private static readonly ImmutableArray<(string Name, Call Call)> Steps =
    [
        ("VBD.insert", static (h, vm) => h.Service.VbdInsert("test", (vm, "xvdb"), new Disk.Local(h.In("disc")), default)),
        ("VBD.eject", static (h, vm) => h.Service.VbdEject("test", (vm, "xvdb"), default)),
        ("VIF.move", static (h, vm) => h.Service.VifMove("test", (vm, "0"), new Network.Local("xenbr2"), default)),
        ("VIF.set_carrier", static (h, vm) => h.Service.VifSetCarrier("test", (vm, "0"), false, default)),
        ("VIF.set_locking_mode", static (h, vm) => h.Service.VifSetLockingMode("test", (vm, "0"), new LockingMode.Disabled(), default)),
        ("VIF.set_ipv4_configuration", static (h, vm) => h.Service.VifSetIpv4Configuration("test", (vm, "0"), new Ipv4Configuration.DHCP4(), default)),
        ("VIF.set_ipv6_configuration", static (h, vm) => h.Service.VifSetIpv6Configuration("test", (vm, "0"), new Ipv6Configuration.Autoconf6(), default)),
        ("VIF.set_pvs_proxy", static (h, vm) => h.Service.VifSetPvsProxy("test", (vm, "0"), null, default)),
        ("VIF.set_trunks", static (h, vm) => h.Service.VifSetTrunks("test", (vm, "0"), [1, 2], default)),
        ("VUSB.plug", static (h, vm) => h.Service.VusbPlug("test", (vm, "usb1"), default)),
        ("VUSB.unplug", static (h, vm) => h.Service.VusbUnplug("test", (vm, "usb1"), default)),
        ("VM.set_vcpus", static (h, vm) => h.Service.VmSetVcpus("test", vm, 1, default)),
        ("VM.set_shadow_multiplier", static (h, vm) => h.Service.VmSetShadowMultiplier("test", vm, 1.0, default)),
        ("VM.set_memory_dynamic_range", static (h, vm) => h.Service.VmSetMemoryDynamicRange("test", vm, 16 << 20, 16 << 20, default)),
        ("VM.set_xsdata", static (h, vm) => h.Service.VmSetXsdata("test", vm, ImmutableSortedDictionary<string, string>.Empty.Add("vm-data/a", "b"), default)),
        ("VM.request_rdp", static (h, vm) => h.Service.VmRequestRdp("test", vm, true, default)),
        ("VM.run_script", static (h, vm) => h.Service.VmRunScript("test", vm, "counter", default)),
        ("VM.delay", static (h, vm) => h.Service.VmDelay("test", vm, 0.0, default)),
        ("VM.s3suspend", static (h, vm) => h.Service.VmS3Suspend("test", vm, default)),
        ("VM.s3resume", static (h, vm) => h.Service.VmS3Resume("test", vm, default)),
        ("VM.pause", static (h, vm) => h.Service.VmPause("test", vm, default)),
        ("VM.unpause", static (h, vm) => h.Service.VmUnpause("test", vm, default)),
        ("VM.create_device_model", static (h, vm) => h.Service.VmCreateDeviceModel("test", vm, false, default)),
    ];

    [Fact]
    public async Task AVmOutlivesADeathBeforeEachStep()
    {
        await using var host = await EngineHost.StartAsync();
        string vm = await host.AddVmAsync();
        await File.WriteAllBytesAsync(host.In("disc"), new byte[4096]);
        await host.Service.VbdAdd("test", new Vbd { id = (vm, "xvdb"), position = (DiskBus.Xen, 1, 0), ty = VbdType.CDROM, mode = VbdMode.ReadOnly }, default);
        await host.RunAsync(vm);
        await host.Service.VusbAdd("test", new Vusb { id = (vm, "usb1"), path = "1-2" }, default);
        foreach (var (name, call) in Steps)
        {
            await host.IdleAsync();
            var before = await host.PowerStateAsync(vm);
            host.DiesAt = 1;
            await host.WaitAsync(await call(host, vm));
            Assert.True(host.Died, $"{name} is no step");
            await host.RestartAsync();
            Assert.Equal((name, before), (name, await host.PowerStateAsync(vm)));
            Assert.True((await host.Service.VbdStat("test", (vm, "xvda"), default)).state.plugged, $"{name}: the disk is gone");
            Assert.True((await host.Service.VifStat("test", (vm, "0"), default)).state.plugged, $"{name}: the interface is gone");
            Assert.True(await host.WaitAsync(await call(host, vm)) is TaskState.Completed, $"{name} cannot be asked for again");
        }

        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
    }

    /// <summary>The guest changes its kernel and nobody is there to help it: the next xenopsd does.</summary>
    [Fact]
    public async Task AGuestThatChangesItsKernelIsHelpedByTheNext()
    {
        await using var host = await EngineHost.StartAsync();
        string vm = await host.AddVmAsync();
        await host.RunAsync(vm);
        await host.IdleAsync();
        long domid = (await host.Service.VmStat("test", vm, default)).state.domids.Single();
        host.DiesAt = 1;
        await host.Engine.Backend.RunScriptAsync(vm, "soft-reset", default);
        await host.DeathAsync();
        await host.RestartAsync();
        Assert.Equal(domid, (await host.Service.VmStat("test", vm, default)).state.domids.Single());
        Assert.Equal(PowerState.Running, await host.PowerStateAsync(vm));
        Assert.Contains(" errors=0 ", await host.ScriptAsync(vm, "verify-memory"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task AVmIsRemovedWhollyOrNotAtAll()
    {
        await using var host = await EngineHost.StartAsync();
        string vm = await host.AddVmAsync();
        host.DiesAt = 1;
        await Assert.ThrowsAnyAsync<Exception>(() => host.Service.VmRemove("test", vm, default));
        Assert.True(host.Died);
        await host.RestartAsync();
        Assert.Equal(PowerState.Halted, await host.PowerStateAsync(vm));
        await host.Service.VmRemove("test", vm, default);
        Assert.False(await host.Service.VmExists("test", vm, default));
    }
}
