using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Tests.Forwarding;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Xenops;
using Toolstack.Xenopsd.Contract;
using Xunit;

namespace Toolstack.Tests.VirtualMachines;

/// <summary>A VM's row as xenopsd's description of it, and xenopsd's state as the row.</summary>
public sealed class VmMappingTests
{
    private static readonly VM Row = Stage.NewVm("vm") with
    {
        VCPUs_max = 4,
        VCPUs_at_startup = 2,
        PV_kernel = "/boot/guest",
        PV_args = "rate=1",
        platform = new VM().platform.Add("acpi", "false"),
        actions_after_crash = on_crash_behaviour.coredump_and_restart,
        actions_after_reboot = on_normal_exit.restart,
        actions_after_shutdown = on_normal_exit.destroy,
    };

    [Fact]
    public void TheRowBecomesMetadata()
    {
        Toolstack.Xenopsd.Contract.Vm vm = VmMetadata.Build(Row).vm;
        Assert.Equal(("vm", "vm", 4L, 2L), (vm.id, vm.name, vm.vcpu_max, vm.vcpus));
        Assert.Equal((Row.memory_static_max, Row.memory_dynamic_min), (vm.memory_static_max, vm.memory_dynamic_min));
        DirectBoot boot = Assert.IsType<PvBoot.Direct>(Assert.IsType<BuilderInfo.PVH>(vm.ty).info.boot).info;
        Assert.Equal(("/boot/guest", "rate=1", null), (boot.kernel, boot.cmdline, boot.ramdisk));
        Assert.Equal([VmAction.Coredump, VmAction.Start], vm.on_crash);
        Assert.Equal([VmAction.Start], vm.on_reboot);
        Assert.Equal([VmAction.Shutdown], vm.on_shutdown);
        Assert.Equal("4", vm.platformdata["vcpu/number"]);
        Assert.Null(vm.generation_id);
        Assert.Null(vm.scheduler_params.priority);
    }

    [Fact]
    public void VcpuParametersBecomeScheduling()
    {
        VM row = Row with { VCPUs_params = Row.VCPUs_params.Add("weight", "512").Add("mask", "0,1;2") };
        SchedulerParams scheduling = VmMetadata.Build(row).vm.scheduler_params;
        Assert.Equal((512, 0), scheduling.priority);
        Assert.Equal([[0L, 1L], [2L]], scheduling.affinity.Select(static a => a.ToArray()));
    }

    [Fact]
    public void ABootLoaderIsGivenTheBootableDisks()
    {
        VM row = Row with { domain_type = domain_type.pv, PV_bootloader = "pygrub", PV_args = "console=hvc0" };
        VmDevices devices = new([], []) { Bootable = [new Disk.Local("/disk")] };
        IndirectBoot boot = Assert.IsType<PvBoot.Indirect>(Assert.IsType<BuilderInfo.PV>(VmMetadata.Build(row, devices).vm.ty).info.boot).info;
        Assert.Equal(("pygrub", "console=hvc0", new Disk.Local("/disk")), (boot.bootloader, boot.extra_args, Assert.Single(boot.devices)));
    }

    [Theory]
    [InlineData("", "rt", "high", null)]
    [InlineData("ionice", "", "high", null)]
    [InlineData("ionice", "rt", "highest", "RealTime Highest")]
    [InlineData("ionice", "real-time", "3", "RealTime Other { level = 3 }")]
    [InlineData("ionice", "best-effort", "lowest", "BestEffort Lowest")]
    [InlineData("ionice", "be", "", "BestEffort Normal")]
    [InlineData("ionice", "idle", "low", "Idle")]
    public void ADiskHasThePriorityOfItsParameters(string algorithm, string scheduler, string level, string? expected)
    {
        VBD row = new() { qos_algorithm_type = algorithm, qos_algorithm_params = ImmutableSortedDictionary<string, string>.Empty.Add("sched", scheduler).Add("class", level) };
        string? found = DeviceDescriber.Priority(row) is VbdQos.Ionice { scheduling: var scheduling }
            ? scheduling switch
            {
                IoScheduling.RealTime r => $"RealTime {r.priority}",
                IoScheduling.BestEffort b => $"BestEffort {b.priority}",
                var other => other.ToString(),
            }
            : null;
        Assert.Equal(expected, found?.Replace(" { }", "", StringComparison.Ordinal));
    }

    [Fact]
    public void AnHvmRowIsBuiltAsHvm()
    {
        VM row = Row with { domain_type = domain_type.hvm, HVM_boot_params = Row.HVM_boot_params.Add("firmware", "uefi").Add("order", "n") };
        HvmInfo hvm = Assert.IsType<BuilderInfo.HVM>(VmMetadata.Build(row).vm.ty).info;
        Assert.IsType<Firmware.Uefi>(hvm.firmware);
        Assert.Equal(("n", false), (hvm.boot_order, hvm.acpi));
    }

    [Fact]
    public void ARunningStateIsTakenOver()
    {
        VmState state = new() { power_state = PowerState.Running, domids = [5], memory_actual = 3, vcpu_target = 2, last_start_time = 1_000_000, domain_type = DomainType.Domain_PVH };
        VM row = VmStateMapping.Apply(Row with { resident_on = new Ref<host>("OpaqueRef:h") }, "OpaqueRef:vm", state);
        Assert.Equal((vm_power_state.Running, 5L, new Ref<host>("OpaqueRef:h")), (row.power_state, row.domid, row.resident_on));
        Assert.Contains(vm_operations.pool_migrate, row.allowed_operations);

        VM_metrics metrics = VmStateMapping.Apply(new VM_metrics(), state, DateTimeOffset.UnixEpoch);
        Assert.Equal((3L, 2L, domain_type.pvh), (metrics.memory_actual, metrics.VCPUs_number, metrics.current_domain_type));
        Assert.Equal(DateTimeOffset.FromUnixTimeSeconds(1_000_000), metrics.start_time);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AVmThatStoppedOrIsUnknownIsHaltedNowhere(bool known)
    {
        VM running = Row with { power_state = vm_power_state.Running, resident_on = new Ref<host>("OpaqueRef:h"), domid = 5, ha_always_run = true };
        VM row = VmStateMapping.Apply(running, "OpaqueRef:vm", known ? new VmState() : null);
        Assert.Equal((vm_power_state.Halted, -1L, false), (row.power_state, row.domid, row.ha_always_run));
        Assert.True(row.resident_on.IsNull);
        Assert.Contains(vm_operations.start, row.allowed_operations);
    }
}
