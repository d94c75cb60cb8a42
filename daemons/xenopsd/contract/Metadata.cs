using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

/// <summary>Everything xenopsd holds of a VM, as VM.import_metadata and VM.export_metadata carry it: the JSON of this record as a string.
/// <c>domains</c> is the backend's own record, opaque to everyone else.</summary>
[WireType]
public sealed record Metadata
{
    public required Vm vm { get; init; }
    public ImmutableArray<Vbd> vbds { get; init; } = [];
    public ImmutableArray<Vif> vifs { get; init; } = [];
    public ImmutableArray<Pci> pcis { get; init; } = [];
    public ImmutableArray<Vgpu> vgpus { get; init; } = [];
    public ImmutableArray<Vusb> vusbs { get; init; } = [];
    public string? domains { get; init; }
}
