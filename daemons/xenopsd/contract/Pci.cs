using System.Globalization;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>Where a PCI function is.</summary>
[WireType]
public sealed record PciAddress
{
    public long domain { get; init; }
    public long bus { get; init; }
    public long dev { get; init; }
    public long fn { get; init; }

    /// <summary><c>0000:03:00.0</c>, as it stands in the id of a <see cref="Pci"/>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{domain:x4}:{bus:x2}:{dev:x2}.{fn:x}");
}

/// <summary>A PCI device given to a VM (xenops protocol, <c>Pci.t</c>). <c>id</c> is the VM's uuid and the address as text.</summary>
[WireType]
public sealed record Pci
{
    public (string vm, string device) id { get; init; } = ("", "");
    public long position { get; init; }
    public required PciAddress address { get; init; }
    public bool? msitranslate { get; init; }
    public bool? power_mgmt { get; init; }
}

/// <summary>What is observed of a PCI device.</summary>
[WireType]
public sealed record PciState
{
    public bool plugged { get; init; }
}
