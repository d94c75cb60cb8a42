using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;
using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Operations;
using Xunit;

namespace Toolstack.Tests.Xenopsd;

/// <summary>The order of the steps of every operation, as tables (xenops protocol). Plans do not depend on the kind of the domain but on its devices:
/// each case is a kind of VM with the devices such a VM has.</summary>
public sealed class PlansTests
{
    private static readonly Disk Image = new Disk.Local("/i");

    private static readonly Vbd Root = new() { id = ("v", "xvda"), backend = new Disk.VDI("sr/a"), can_attach_early = true };
    private static readonly Vbd Scratch = new() { id = ("v", "xvdb"), backend = new Disk.VDI("sr/b"), persistent = false };
    private static readonly Vbd Drive = new() { id = ("v", "xvdd"), mode = VbdMode.ReadOnly, ty = VbdType.CDROM };
    private static readonly PciAddress Card = new() { bus = 4 };
    private static readonly PciAddress Function = new() { bus = 4, dev = 1 };

    /// <summary>PVH or PV without anything.</summary>
    private static readonly VmDevices Bare = VmDevices.None("v");

    /// <summary>PV: one writable disk.</summary>
    private static readonly VmDevices OneDisk = new("v", [Root], []);

    /// <summary>PV in PVH: one interface and nothing else.</summary>
    private static readonly VmDevices OneVif = new("v", [], [new Vif { id = ("v", "0") }]);

    /// <summary>HVM: disks that can and cannot be written, interfaces out of order.</summary>
    private static readonly VmDevices Full = new(
        "v", [Root, Scratch, Drive], [new Vif { id = ("v", "1"), position = 1 }, new Vif { id = ("v", "0"), position = 0 }]);

    /// <summary>HVM with a share of a card, whose function is passed through, a passed-through device and a USB device.</summary>
    private static readonly VmDevices Passed = new("v", [], [])
    {
        Vgpus = [new Vgpu { id = ("v", "0"), physical_pci_address = Card, virtual_pci_address = Function, implementation = new VgpuImplementation.Nvidia(new NvidiaGpu()) }],
        Pcis =
        [
            new Pci { id = ("v", "0000:05:00.0"), position = 1, address = new PciAddress { bus = 5 } },
            new Pci { id = ("v", "0000:04:01.0"), position = 0, address = Function },
        ],
        Vusbs = [new Vusb { id = ("v", "usb1") }],
    };

    private static readonly VmDevices Split = Full with { PlugsInOneStep = false };

    private static readonly VmDevices Shared = new("v", [], [])
    {
        Vgpus = [new Vgpu { id = ("v", "0"), physical_pci_address = Card, implementation = new VgpuImplementation.MxGPU(new MxGpu()) }],
    };

    public static TheoryData<string, ImmutableArray<Atomic>, string> Table { get; } = new()
    {
        { "start PVH, nothing", VmPlans.Start(Bare, force: false), """
            VM_hook_script v vm-pre-start none
            VM_create v
            VM_build v
            VM_create_device_model v
            VM_set_domain_action_request v none
            """ },
        { "start PV, a disk", VmPlans.Start(OneDisk, force: false), """
            VM_hook_script v vm-pre-start none
            VM_create v
            VM_build v
            Serial[VBD_set_active v.xvda on; VBD_epoch_begin v.xvda sr/a; VBD_plug v.xvda]
            VM_create_device_model v
            VM_set_domain_action_request v none
            """ },
        { "start PVinPVH, an interface", VmPlans.Start(OneVif, force: false), """
            VM_hook_script v vm-pre-start none
            VM_create v
            VM_build v
            Serial[VIF_set_active v.0 on; VIF_plug v.0]
            VM_create_device_model v
            VM_set_domain_action_request v none
            """ },
        { "start HVM, disks and interfaces", VmPlans.Start(Full, force: true), """
            VM_hook_script v vm-pre-start none
            VM_create v
            VM_build v force
            Parallel[Serial[Nested_parallel[Serial[VBD_set_active v.xvda on; VBD_epoch_begin v.xvda sr/a; VBD_plug v.xvda]; Serial[VBD_set_active v.xvdb on; VBD_epoch_begin v.xvdb sr/b volatile; VBD_plug v.xvdb]]; Serial[VBD_set_active v.xvdd on; VBD_plug v.xvdd]]; Serial[VIF_set_active v.0 on; VIF_plug v.0]; Serial[VIF_set_active v.1 on; VIF_plug v.1]]
            VM_create_device_model v
            VM_set_domain_action_request v none
            """ },
        { "start HVM, disks in two steps", VmPlans.Start(Split with { Vifs = [] }, force: false), """
            VM_hook_script v vm-pre-start none
            VM_create v
            VM_build v
            Serial[Nested_parallel[Serial[VBD_set_active v.xvda on; VBD_epoch_begin v.xvda sr/a; Serial[VBD_attach v.xvda; VBD_activate v.xvda]]; Serial[VBD_set_active v.xvdb on; VBD_epoch_begin v.xvdb sr/b volatile; Serial[VBD_attach v.xvdb; VBD_activate v.xvdb]]]; Serial[VBD_set_active v.xvdd on; Serial[VBD_attach v.xvdd; VBD_activate v.xvdd]]]
            VM_create_device_model v
            VM_set_domain_action_request v none
            """ },
        { "start HVM, PCI, VGPU, VUSB", VmPlans.Start(Passed, force: false), """
            PCI_dequarantine v 0000:04:00.0
            VM_hook_script v vm-pre-start none
            VM_create v no_sharept
            VM_build v
            Serial[VGPU_set_active v.0 on; PCI_plug v.0000:04:01.0]
            VM_create_device_model v
            PCI_plug v.0000:05:00.0 emulator
            VUSB_plug v.usb1
            VM_set_domain_action_request v none
            """ },
        { "start HVM, AMD card", VmPlans.Start(Shared, force: false), """
            VM_hook_script v vm-pre-start none
            VM_create v
            VM_build v
            VGPU_set_active v.0 on
            VM_create_device_model v
            VM_set_domain_action_request v none
            """ },
        { "shutdown, asked", VmPlans.Shutdown(Bare, TimeSpan.FromSeconds(9)), """
            VM_shutdown_domain v Poweroff 9s
            VM_set_domain_action_request v Poweroff
            Best_effort[VM_pause v]
            VM_destroy_device_model v
            VM_destroy v
            """ },
        { "shutdown, everything", VmPlans.Shutdown(Full with { Pcis = Passed.Pcis, Vusbs = Passed.Vusbs }, timeout: null), """
            VM_set_domain_action_request v Poweroff
            VUSB_unplug v.usb1
            Best_effort[VM_pause v]
            VM_destroy_device_model v
            Parallel[VBD_unplug v.xvda force; VBD_unplug v.xvdb force; VBD_unplug v.xvdd force; VIF_unplug v.0 force; VIF_unplug v.1 force; PCI_unplug v.0000:04:01.0; PCI_unplug v.0000:05:00.0]
            VM_destroy v
            """ },
        { "poweroff, hard", VmPlans.Poweroff(Full with { Vgpus = Shared.Vgpus }, null), """
            VM_hook_script v vm-pre-shutdown hard-shutdown
            VM_set_domain_action_request v Poweroff
            Best_effort[VM_pause v]
            VM_destroy_device_model v
            Parallel[VBD_unplug v.xvda force; VBD_unplug v.xvdb force; VBD_unplug v.xvdd force; VIF_unplug v.0 force; VIF_unplug v.1 force]
            VM_destroy v
            Parallel[Serial[VBD_epoch_end v.xvda sr/a; VBD_set_active v.xvda off]; Serial[VBD_epoch_end v.xvdb sr/b; VBD_set_active v.xvdb off]; VBD_set_active v.xvdd off; VIF_set_active v.0 off; VIF_set_active v.1 off; VGPU_set_active v.0 off]
            VM_hook_script v vm-post-destroy hard-shutdown
            """ },
        { "poweroff, asked", VmPlans.Poweroff(Bare, TimeSpan.FromSeconds(5)), """
            VM_hook_script v vm-pre-shutdown clean-shutdown
            VM_shutdown_domain v Poweroff 5s
            VM_set_domain_action_request v Poweroff
            Best_effort[VM_pause v]
            VM_destroy_device_model v
            VM_destroy v
            VM_hook_script v vm-post-destroy clean-shutdown
            """ },
        { "reboot, asked", VmPlans.Reboot(OneDisk, TimeSpan.FromSeconds(5)), """
            VM_shutdown_domain v Reboot 5s
            VM_hook_script v vm-pre-shutdown clean-reboot
            VM_set_domain_action_request v Poweroff
            Best_effort[VM_pause v]
            VM_destroy_device_model v
            VBD_unplug v.xvda force
            VM_destroy v
            VBD_epoch_end v.xvda sr/a
            VM_hook_script v vm-post-destroy clean-reboot
            VM_hook_script v vm-pre-reboot none
            VM_hook_script v vm-pre-start none
            VM_create v
            VM_build v
            Serial[VBD_set_active v.xvda on; VBD_epoch_begin v.xvda sr/a; VBD_plug v.xvda]
            VM_create_device_model v
            VM_set_domain_action_request v none
            VM_unpause v
            """ },
        { "suspend", [.. VmPlans.SuspendToImage(OneDisk, Image), .. VmPlans.SuspendEnd(OneDisk)], """
            VM_hook_script v vm-pre-suspend suspend
            VM_save v to /i
            VM_hook_script v vm-pre-shutdown suspend
            VM_set_domain_action_request v Poweroff
            Best_effort[VM_pause v]
            VM_destroy_device_model v
            VBD_unplug v.xvda force
            VM_destroy v
            VM_hook_script v vm-post-destroy suspend
            """ },
        { "resume, nothing", VmPlans.Resume(Bare, Image), """
            VM_create v
            VM_hook_script v vm-pre-resume none
            VM_restore v from /i
            VM_create_device_model v saved
            VM_set_domain_action_request v none
            VM_hook_script v vm-post-resume none
            """ },
        { "resume, disks and interfaces", VmPlans.Resume(Full, Image), """
            VM_create v
            VM_hook_script v vm-pre-resume none
            VM_restore v from /i
            Parallel[Serial[VBD_set_active v.xvda on; VBD_plug v.xvda]; Serial[VBD_set_active v.xvdb on; VBD_plug v.xvdb]]
            Serial[VBD_set_active v.xvdd on; VBD_plug v.xvdd]
            Parallel[Serial[VIF_set_active v.0 on; VIF_plug v.0]; Serial[VIF_set_active v.1 on; VIF_plug v.1]]
            VM_create_device_model v saved
            VM_set_domain_action_request v none
            VM_hook_script v vm-post-resume none
            """ },
        { "resume, PCI and VGPU", VmPlans.Resume(Passed, Image), """
            PCI_dequarantine v 0000:04:00.0
            VM_create v no_sharept
            VM_hook_script v vm-pre-resume none
            PCI_plug v.0000:04:01.0
            VGPU_start v 0 saved
            VM_restore v from /i
            VGPU_set_active v.0 on
            VM_create_device_model v saved
            PCI_plug v.0000:05:00.0 emulator
            VM_set_domain_action_request v none
            VM_hook_script v vm-post-resume none
            """ },
        { "hotplug VBD", VbdPlans.Hotplug(Full, new("v", "xvda")), """
            VBD_set_active v.xvda on
            VBD_plug v.xvda
            """ },
        { "hotplug VBD in two steps", VbdPlans.Hotplug(Split, new("v", "xvda")), """
            VBD_set_active v.xvda on
            Serial[VBD_attach v.xvda; VBD_activate v.xvda]
            """ },
        { "hotunplug VBD", VbdPlans.Hotunplug(Full, new("v", "xvda"), force: false), """
            VBD_unplug v.xvda
            VBD_set_active v.xvda off
            """ },
        { "hotunplug VBD in two steps", VbdPlans.Hotunplug(Split, new("v", "xvda"), force: true), """
            Serial[VBD_deactivate v.xvda force; VBD_detach v.xvda]
            VBD_set_active v.xvda off
            """ },
        { "hotplug VIF", VifPlans.Hotplug(new("v", "0")), """
            VIF_set_active v.0 on
            VIF_plug v.0
            """ },
        { "hotunplug VIF", VifPlans.Hotunplug(new("v", "0"), force: true), """
            VIF_unplug v.0 force
            VIF_set_active v.0 off
            """ },
        { "check VBD, guest let go", DeviceRequests.Steps(Full, new DynamicId.Vbd("v", "xvda"), DeviceRequest.Unplug), "VBD_unplug v.xvda force" },
        { "check VBD, in two steps", DeviceRequests.Steps(Split, new DynamicId.Vbd("v", "xvda"), DeviceRequest.Unplug),
            "Serial[VBD_deactivate v.xvda force; VBD_detach v.xvda]" },
        { "check VBD, setting", DeviceRequests.Steps(Full, new DynamicId.Vbd("v", "xvda"), DeviceRequest.SetQos), "VBD_set_qos v.xvda" },
        { "check VBD, well", DeviceRequests.Steps(Full, new DynamicId.Vbd("v", "xvda"), DeviceRequest.None), "" },
        { "check VIF, guest let go", DeviceRequests.Steps(Full, new DynamicId.Vif("v", "0"), DeviceRequest.Unplug), "VIF_unplug v.0 force" },
        { "check PCI, guest let go", DeviceRequests.Steps(Passed, new DynamicId.Pci("v", "0000:05:00.0"), DeviceRequest.Unplug), "PCI_unplug v.0000:05:00.0" },
        { "check VUSB, guest let go", DeviceRequests.Steps(Passed, new DynamicId.Vusb("v", "usb1"), DeviceRequest.Unplug), "VUSB_unplug v.usb1" },
        { "ended, shut down", DomainEndings.Steps(VmAction.Shutdown, Bare, TimeSpan.Zero), """
            VM_set_domain_action_request v Poweroff
            Best_effort[VM_pause v]
            VM_destroy_device_model v
            VM_destroy v
            """ },
        { "ended early, start", [.. DomainEndings.Steps(VmAction.Start, Bare, TimeSpan.FromSeconds(119)).Take(2)], """
            VM_delay v 15s
            VM_hook_script v vm-pre-shutdown hard-reboot
            """ },
        { "ended late, start", [.. DomainEndings.Steps(VmAction.Start, Bare, TimeSpan.FromSeconds(120)).Take(1)], "VM_hook_script v vm-pre-shutdown hard-reboot" },
        { "ended, pause", DomainEndings.Steps(VmAction.Pause, Bare, TimeSpan.Zero), "VM_pause v" },
        { "ended, soft reboot", DomainEndings.Steps(VmAction.Softreboot, Bare, TimeSpan.Zero), "VM_softreboot v" },
        { "ended, core dump", DomainEndings.Steps(VmAction.Coredump, Bare, TimeSpan.Zero), "" },
        { "migrate, before all", MigrationPlans.SourcePrepare(Bare), "VM_hook_script v vm-pre-migrate source" },
        { "migrate, come back", MigrationPlans.SourceResume("v", "t"), """
            VM_rename t v Pre_migration
            VM_fast_resume v
            """ },
        { "migrate, given up", MigrationPlans.Discard(OneVif), """
            Best_effort[VM_set_domain_action_request v Poweroff]
            Best_effort[Best_effort[VM_pause v]]
            Best_effort[VM_destroy_device_model v]
            Best_effort[VIF_unplug v.0 force]
            Best_effort[VM_destroy v]
            Best_effort[VM_remove v]
            """ },
        { "migrate, memory", MigrationPlans.SourceSend("v", "t"), """
            VM_save v live
            VM_rename v t Pre_migration
            """ },
        { "migrate, end", MigrationPlans.SourceFinish(VmDevices.None("t"), "v"), """
            VM_hook_script_stable v vm-pre-shutdown suspend at t
            VM_set_domain_action_request t Poweroff
            Best_effort[VM_pause t]
            VM_destroy_device_model t
            VM_destroy t
            VM_hook_script_stable v vm-post-destroy suspend at t
            VM_remove t
            """ },
        { "receive, domain", MigrationPlans.DestinationCreate(Full, 7, "f", null), """
            VM_create v 7 for f
            Parallel[Serial[VIF_set_active v.0 on; VIF_plug v.0]; Serial[VIF_set_active v.1 on; VIF_plug v.1]]
            """ },
        { "receive, domain, disks ahead", MigrationPlans.DestinationCreate(Split with { Vifs = [] }, 7, "f", null), """
            VM_create v 7 for f
            Serial[VBD_set_active v.xvda on; VBD_attach v.xvda]
            """ },
        { "receive, memory", MigrationPlans.DestinationRestore(VmDevices.None("t")), "VM_restore t" },
        { "receive, memory and a card", MigrationPlans.DestinationRestore(Passed), """
            PCI_dequarantine v 0000:04:00.0
            PCI_plug v.0000:04:01.0
            VGPU_start v 0 saved
            VM_restore v
            """ },
        { "receive, end", MigrationPlans.DestinationTake(Full, "t"), """
            VM_rename t v Post_migration
            Parallel[Serial[VBD_set_active v.xvda on; VBD_plug v.xvda]; Serial[VBD_set_active v.xvdb on; VBD_plug v.xvdb]]
            Serial[VBD_set_active v.xvdd on; VBD_plug v.xvdd]
            VM_create_device_model v saved
            """ },
        { "receive, running", MigrationPlans.DestinationRun("v", paused: false), """
            VM_unpause v
            VM_set_domain_action_request v none
            Best_effort[VM_hook_script v vm-post-migrate destination]
            """ },
        { "receive, paused", MigrationPlans.DestinationRun("v", paused: true), """
            VM_set_domain_action_request v none
            Best_effort[VM_hook_script v vm-post-migrate destination]
            """ },
        { "receive, end, disks ahead", [.. MigrationPlans.DestinationTake(Split, "t").Skip(1).Take(1)],
            "Parallel[VBD_activate v.xvda; Serial[VBD_set_active v.xvdb on; Serial[VBD_attach v.xvdb; VBD_activate v.xvdb]]]" },
        { "receive under its own id", [.. MigrationPlans.DestinationTake(Bare, "v").Take(1)], "VM_create_device_model v saved" },
    };

    [Theory]
    [MemberData(nameof(Table))]
    public void StepsAreInOrder(string operation, ImmutableArray<Atomic> plan, string expected)
    {
        Assert.NotEmpty(operation);
        Assert.Equal(expected.ReplaceLineEndings("\n"), string.Join('\n', plan));
    }

    [Fact]
    public void UndoingTakesBackWhatWasMade()
    {
        Assert.Equal("VM_destroy v; VM_destroy_device_model v", Undo(VmPlans.Start(Bare, force: false)));
        Assert.Equal("VM_fast_resume v; VM_rename t v Pre_migration", Undo(MigrationPlans.SourceSend("v", "t")));
        Assert.Equal("VBD_set_active v.xvda off; VBD_unplug v.xvda force", Undo(VbdPlans.Hotplug(Full, new("v", "xvda"))));
    }

    [Fact]
    public void MemoryWeighsTen()
    {
        Assert.Equal(11, MigrationPlans.SourceSend("v", "t").Sum(AtomicTraits.Weight));
        Assert.Equal(12, VmPlans.Start(Full, false).OfType<Atomic.Parallel>().Single().Weight());
    }

    [Fact]
    public void ActionsAreThoseOfTheVm()
    {
        var vm = new Vm
        {
            id = "v", ty = new BuilderInfo.PVH(new PvInfo { boot = new PvBoot.Direct(new DirectBoot()) }), vcpus = 1, vcpu_max = 1,
            memory_static_max = 1, memory_dynamic_max = 1, memory_dynamic_min = 1,
            on_crash = [VmAction.Coredump, VmAction.Start], on_shutdown = [VmAction.Start], on_reboot = [VmAction.Pause],
        };
        Assert.Equal([], DomainEndings.ActionsFor(vm, Ended(null, 1), null));
        Assert.Equal([VmAction.Shutdown], DomainEndings.ActionsFor(vm, Ended(null, 1), DomainAction.Poweroff));
        Assert.Equal([VmAction.Start], DomainEndings.ActionsFor(vm, Ended(ShutdownReason.Poweroff, 1), DomainAction.Poweroff));
        Assert.Equal([VmAction.Pause], DomainEndings.ActionsFor(vm, Ended(ShutdownReason.Reboot, 1), DomainAction.Reboot));
        Assert.Equal([VmAction.Coredump, VmAction.Shutdown], DomainEndings.ActionsFor(vm, Ended(ShutdownReason.Crash, 119), DomainAction.Crashdump));
        Assert.Equal([VmAction.Coredump, VmAction.Start], DomainEndings.ActionsFor(vm, Ended(ShutdownReason.Crash, 120), DomainAction.Crashdump));
        Assert.Equal([VmAction.Shutdown], DomainEndings.ActionsFor(vm, Ended(ShutdownReason.Suspend, 1), DomainAction.Suspend));
        Assert.Equal([VmAction.Softreboot], DomainEndings.ActionsFor(vm, Ended(null, 1), DomainAction.SoftReset));
    }

    private static DomainStatus Ended(ShutdownReason? reason, int uptime) =>
        new(1, false, reason, 1, 1, 1, 1, DateTimeOffset.UnixEpoch, TimeSpan.FromSeconds(uptime));

    private static string Undo(ImmutableArray<Atomic> plan) => string.Join("; ", plan.Select(AtomicTraits.Undo).OfType<Atomic>());
}
