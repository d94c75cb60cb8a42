using System.Collections.Immutable;
using System.Globalization;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Devices;
using Toolstack.Xapi.Placement;
using Toolstack.Xapi.VirtualMachines;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Xenops;

/// <summary>The description of a VM as xenopsd wants it, from its row. Pure. xenopsd's id of a VM is its uuid.</summary>
internal static class VmMetadata
{
    private const string VcpuWeight = "weight";
    private const string VcpuCap = "cap";
    private const string VcpuMask = "mask";
    private const long DefaultVideoMiB = 4;
    private const long DefaultWeight = 256;

    /// <summary>The VM with the devices and the CPU features that it is to have; without features xenopsd takes all there are. A suspended VM
    /// goes with the record that xenopsd kept of it.</summary>
    public static Metadata Build(VM row, VmDevices? devices = null, string? features = null) => new()
    {
        vbds = devices?.Disks ?? [],
        vifs = devices?.Interfaces ?? [],
        domains = row.power_state == vm_power_state.Suspended && row.last_booted_record.Length > 0 ? row.last_booted_record : null,
        vm = new Vm
        {
            id = row.uuid,
            name = row.name_label,
            xsdata = row.xenstore_data,
            platformdata = Platform(row, features),
            bios_strings = row.bios_strings,
            ty = WithBootDevices(Builder(row), devices?.Bootable ?? []),
            memory_static_max = row.memory_static_max,
            memory_dynamic_max = row.memory_dynamic_max,
            memory_dynamic_min = row.memory_dynamic_min,
            vcpu_max = row.VCPUs_max,
            vcpus = row.VCPUs_at_startup,
            scheduler_params = Scheduler(row.VCPUs_params, row.VCPUs_max),
            on_crash = OnCrash(row.actions_after_crash),
            on_shutdown = OnExit(row.actions_after_shutdown),
            on_reboot = OnExit(row.actions_after_reboot),
            on_softreboot = OnSoftReboot(row.actions_after_softreboot),
            pci_msitranslate = Other(row, "msitranslate") == "true",
            pci_power_mgmt = Other(row, "power_mgmt") == "true",
            has_vendor_device = row.has_vendor_device,
            generation_id = row.generation_id is "" or "0:0" ? null : row.generation_id,
        },
    };

    private static BuilderInfo WithBootDevices(BuilderInfo builder, ImmutableArray<Disk> disks) => builder switch
    {
        BuilderInfo.PV pv => new BuilderInfo.PV(With(pv.info, disks)),
        BuilderInfo.PVinPVH pv => new BuilderInfo.PVinPVH(With(pv.info, disks)),
        BuilderInfo.PVH pv => new BuilderInfo.PVH(With(pv.info, disks)),
        _ => builder,
    };

    private static PvInfo With(PvInfo info, ImmutableArray<Disk> disks) => info.boot is PvBoot.Indirect { info: var loader }
        ? info with { boot = new PvBoot.Indirect(loader with { devices = disks }) }
        : info;

    /// <summary>The same of a VM that runs, which keeps the CPU features that it has booted with.</summary>
    public static Metadata BuildRunning(VM row, VmDevices devices) => Build(row, devices, PoolCpu.BootedWith(row));

    private static ImmutableSortedDictionary<string, string> Platform(VM row, string? features)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        ImmutableSortedDictionary<string, string> platform = row.platform
            .SetItem("vcpu/number", row.VCPUs_max.ToString(culture))
            .SetItem("vcpu/current", row.VCPUs_at_startup.ToString(culture));
        return features is null ? platform : platform.SetItem("featureset", features);
    }

    private static BuilderInfo Builder(VM row) => VmRows.EffectiveDomainType(row) switch
    {
        domain_type.hvm => new BuilderInfo.HVM(Hvm(row)),
        domain_type.pvh => new BuilderInfo.PVH(Pv(row)),
        domain_type.pv_in_pvh => new BuilderInfo.PVinPVH(Pv(row)),
        _ => new BuilderInfo.PV(Pv(row)),
    };

    private static HvmInfo Hvm(VM row) => new()
    {
        hap = Flag(row.platform, "hap", true),
        shadow_multiplier = row.HVM_shadow_multiplier,
        timeoffset = row.platform.GetValueOrDefault("timeoffset", "0"),
        video_mib = long.TryParse(row.platform.GetValueOrDefault("videoram"), CultureInfo.InvariantCulture, out long mib) ? mib : DefaultVideoMiB,
        video = row.platform.GetValueOrDefault("vga") == "std" ? new VideoCard.Standard_VGA() : new VideoCard.Cirrus(),
        acpi = Flag(row.platform, "acpi", true),
        serial = row.platform.GetValueOrDefault("hvm_serial", "pty"),
        keymap = row.platform.GetValueOrDefault("keymap"),
        boot_order = row.HVM_boot_params.GetValueOrDefault("order", "cd"),
        firmware = row.HVM_boot_params.GetValueOrDefault("firmware") == "uefi" ? new Firmware.Uefi(new UefiFirmware()) : new Firmware.Bios(),
    };

    private static PvInfo Pv(VM row) => new()
    {
        boot = row.PV_bootloader.Length > 0
            ? new PvBoot.Indirect(new IndirectBoot
            {
                bootloader = row.PV_bootloader,
                extra_args = row.PV_args,
                legacy_args = row.PV_legacy_args,
                bootloader_args = row.PV_bootloader_args,
            })
            : new PvBoot.Direct(new DirectBoot
            {
                kernel = row.PV_kernel,
                cmdline = row.PV_args,
                ramdisk = row.PV_ramdisk.Length > 0 ? row.PV_ramdisk : null,
            }),
        framebuffer = !Flag(row.platform, "pvfb_disabled", false),
    };

    /// <summary>VCPUs_params: weight, cap and mask (pCPUs for every vCPU; ';' separates a mask per vCPU).</summary>
    private static SchedulerParams Scheduler(ImmutableSortedDictionary<string, string> parameters, long vcpus)
    {
        bool weighted = Number(parameters, VcpuWeight, out long weight);
        bool capped = Number(parameters, VcpuCap, out long cap);
        ImmutableArray<ImmutableArray<long>> affinity = parameters.TryGetValue(VcpuMask, out string? mask) && mask.Length > 0
            ? [.. mask.Split(';').Take((int)vcpus).Select(Cpus)]
            : [];
        return new SchedulerParams
        {
            priority = weighted || capped ? (weighted ? weight : DefaultWeight, cap) : null,
            affinity = affinity,
        };
    }

    private static ImmutableArray<long> Cpus(string mask) =>
        [.. mask.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Where(static c => long.TryParse(c, CultureInfo.InvariantCulture, out _))
            .Select(static c => long.Parse(c, CultureInfo.InvariantCulture))];

    private static bool Number(ImmutableSortedDictionary<string, string> map, string key, out long number) =>
        long.TryParse(map.GetValueOrDefault(key), CultureInfo.InvariantCulture, out number);

    private static bool Flag(ImmutableSortedDictionary<string, string> map, string key, bool otherwise) => map.GetValueOrDefault(key)?.ToLowerInvariant() switch
    {
        "true" or "1" => true,
        "false" or "0" => false,
        _ => otherwise,
    };

    private static string Other(VM row, string key) => row.other_config.GetValueOrDefault(key, "");

    private static ImmutableArray<VmAction> OnExit(on_normal_exit action) =>
        action == on_normal_exit.restart ? [VmAction.Start] : [VmAction.Shutdown];

    private static ImmutableArray<VmAction> OnSoftReboot(on_softreboot_behavior action) => action switch
    {
        on_softreboot_behavior.destroy => [VmAction.Shutdown],
        on_softreboot_behavior.restart => [VmAction.Start],
        on_softreboot_behavior.preserve => [VmAction.Pause],
        _ => [VmAction.Softreboot],
    };

    private static ImmutableArray<VmAction> OnCrash(on_crash_behaviour action) => action switch
    {
        on_crash_behaviour.coredump_and_destroy => [VmAction.Coredump, VmAction.Shutdown],
        on_crash_behaviour.restart or on_crash_behaviour.rename_restart => [VmAction.Start],
        on_crash_behaviour.coredump_and_restart => [VmAction.Coredump, VmAction.Start],
        on_crash_behaviour.preserve => [VmAction.Pause],
        _ => [VmAction.Shutdown],
    };
}
