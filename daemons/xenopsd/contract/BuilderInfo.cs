using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>The kind of domain to build (xenops protocol, <c>builder_info</c>).</summary>
[WireVariant]
public abstract record BuilderInfo
{
    private BuilderInfo() { }

    public sealed record HVM(HvmInfo info) : BuilderInfo;
    public sealed record PV(PvInfo info) : BuilderInfo;
    public sealed record PVinPVH(PvInfo info) : BuilderInfo;
    public sealed record PVH(PvInfo info) : BuilderInfo;
}

/// <summary>How an HVM domain is built.</summary>
[WireType]
public sealed record HvmInfo
{
    public bool hap { get; init; } = true;
    public double shadow_multiplier { get; init; } = 1.0;
    public string timeoffset { get; init; } = "";
    public long video_mib { get; init; } = 4;
    public VideoCard video { get; init; } = new VideoCard.Cirrus();
    public bool acpi { get; init; } = true;
    public string? serial { get; init; }
    public string? keymap { get; init; }
    public string? vnc_ip { get; init; }
    public ImmutableArray<string> pci_emulations { get; init; } = [];
    public bool pci_passthrough { get; init; } = false;
    public string boot_order { get; init; } = "";
    public bool qemu_disk_cmdline { get; init; } = false;
    public bool qemu_stubdom { get; init; } = false;
    public Firmware firmware { get; init; } = new Firmware.Bios();
    public Tpm? tpm { get; init; }
}

/// <summary>The emulated display.</summary>
[WireVariant]
public abstract record VideoCard
{
    private VideoCard() { }

    public sealed record Cirrus : VideoCard;
    public sealed record Standard_VGA : VideoCard;
    public sealed record Vgpu : VideoCard;
    public sealed record IGD_passthrough(string kind) : VideoCard;
}

/// <summary>What the domain boots with.</summary>
[WireVariant]
public abstract record Firmware
{
    private Firmware() { }

    public sealed record Bios : Firmware;
    public sealed record Uefi(UefiFirmware info) : Firmware;
}

[WireType]
public enum OnBoot { Persist, Reset }

[WireType]
public sealed record UefiFirmware
{
    public OnBoot on_boot { get; init; } = OnBoot.Persist;
    public string backend { get; init; } = "xapidb";
}

/// <summary>A virtual TPM, named by its uuid.</summary>
[WireVariant]
public abstract record Tpm
{
    private Tpm() { }

    public sealed record Vtpm(string uuid) : Tpm;
}

/// <summary>How a PV or PVH domain is built.</summary>
[WireType]
public sealed record PvInfo
{
    public required PvBoot boot { get; init; }
    public bool framebuffer { get; init; } = true;
    public string? framebuffer_ip { get; init; }
    public bool vncterm { get; init; } = true;
    public string? vncterm_ip { get; init; }
    public bool pci_passthrough { get; init; } = false;
}

/// <summary>Where a PV kernel comes from: the host's file system or a boot loader reading the VM's first disk.</summary>
[WireVariant]
public abstract record PvBoot
{
    private PvBoot() { }

    public sealed record Direct(DirectBoot info) : PvBoot;
    public sealed record Indirect(IndirectBoot info) : PvBoot;
}

[WireType]
public sealed record DirectBoot
{
    public string kernel { get; init; } = "";
    public string cmdline { get; init; } = "";
    public string? ramdisk { get; init; }
}

[WireType]
public sealed record IndirectBoot
{
    public string bootloader { get; init; } = "";
    public string extra_args { get; init; } = "";
    public string legacy_args { get; init; } = "";
    public string bootloader_args { get; init; } = "";
    public ImmutableArray<Disk> devices { get; init; } = [];
}

/// <summary>A disk: a path of the host, or <c>SR/VDI</c>.</summary>
[WireVariant]
public abstract record Disk
{
    private Disk() { }

    public sealed record Local(string path) : Disk;
    public sealed record VDI(string location) : Disk;
}
