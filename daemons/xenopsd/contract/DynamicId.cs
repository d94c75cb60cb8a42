using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>An object that changed, as UPDATES.get reports it.</summary>
[WireVariant]
public abstract record DynamicId
{
    private DynamicId() { }

    public sealed record Vm(string id) : DynamicId;
    public sealed record Vbd(string vm, string device) : DynamicId;
    public sealed record Vif(string vm, string device) : DynamicId;
    public sealed record Pci(string vm, string device) : DynamicId;
    public sealed record Vgpu(string vm, string device) : DynamicId;
    public sealed record Vusb(string vm, string device) : DynamicId;
    public sealed record Task(string id) : DynamicId;
}
