using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>A virtual graphics card (xenops protocol, <c>Vgpu.t</c>). <c>id</c> is the VM's uuid and the device number as text.</summary>
[WireType]
public sealed record Vgpu
{
    public (string vm, string device) id { get; init; } = ("", "");
    public long position { get; init; } = 0;
    public PciAddress? virtual_pci_address { get; init; }
    public PciAddress physical_pci_address { get; init; } = new();
    public VgpuImplementation implementation { get; init; } = new VgpuImplementation.Empty();
}

/// <summary>Who makes the virtual card.</summary>
[WireVariant]
public abstract record VgpuImplementation
{
    private VgpuImplementation() { }

    public sealed record GVT_g(GvtGpu info) : VgpuImplementation;
    public sealed record Nvidia(NvidiaGpu info) : VgpuImplementation;
    public sealed record MxGPU(MxGpu info) : VgpuImplementation;
    public sealed record Empty : VgpuImplementation;
}

/// <summary>A share of an Intel card; graphics memory in MiB.</summary>
[WireType]
public sealed record GvtGpu
{
    public PciAddress? physical_pci_address { get; init; }
    public long low_gm_sz { get; init; }
    public long high_gm_sz { get; init; }
    public long fence_sz { get; init; }
    public string? monitor_config_file { get; init; }
}

/// <summary>A share of an Nvidia card; with <see cref="virtual_pci_address"/> and no <see cref="physical_pci_address"/> of its own it is a
/// mediated device.</summary>
[WireType]
public sealed record NvidiaGpu
{
    public PciAddress? physical_pci_address { get; init; }
    public string? config_file { get; init; }
    public PciAddress virtual_pci_address { get; init; } = new() { bus = 0, dev = 11, fn = 0 };
    public string? type_id { get; init; }
    public string? uuid { get; init; }
    public string? vclass { get; init; }
    public string extra_args { get; init; } = "";
}

/// <summary>A virtual function of an AMD card; VMs with one are started and ended one after the other.</summary>
[WireType]
public sealed record MxGpu
{
    public PciAddress? physical_function { get; init; }
    public long vgpus_per_pgpu { get; init; }
    public long framebufferbytes { get; init; }
}

/// <summary>What is observed of a virtual graphics card.</summary>
[WireType]
public sealed record VgpuState
{
    public bool active { get; init; }
    public bool plugged { get; init; }
    public long? emulator_pid { get; init; }
}
