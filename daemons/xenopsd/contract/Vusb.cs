using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>A USB device given to a VM (xenops protocol, <c>Vusb.t</c>). <c>id</c> is the VM's uuid and the device's name; <c>speed</c> in Mbit/s.</summary>
[WireType]
public sealed record Vusb
{
    public (string vm, string device) id { get; init; } = ("", "");
    public string hostbus { get; init; } = "";
    public string hostport { get; init; } = "";
    public string version { get; init; } = "";
    public string path { get; init; } = "";
    public double speed { get; init; } = -1;
}

/// <summary>What is observed of a USB device.</summary>
[WireType]
public sealed record VusbState
{
    public bool plugged { get; init; }
}
