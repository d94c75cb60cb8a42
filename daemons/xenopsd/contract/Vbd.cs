using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

[WireType]
public enum VbdMode { ReadOnly, ReadWrite }

[WireType]
public enum VbdType { CDROM, Disk, Floppy }

[WireType]
public enum DiskBus { Xen, Scsi, Floppy, Ide }

/// <summary>A virtual block device (xenops protocol, <c>Vbd.t</c>). <c>id</c> is the VM's uuid and the device name, <c>xvda</c> for instance;
/// <c>position</c> is bus, disk and partition.</summary>
[WireType]
public sealed record Vbd
{
    public (string vm, string device) id { get; init; } = ("", "");
    public (DiskBus bus, long disk, long partition)? position { get; init; }
    public VbdMode mode { get; init; } = VbdMode.ReadWrite;
    public Disk? backend { get; init; }
    public VbdType ty { get; init; } = VbdType.Disk;
    public bool unpluggable { get; init; } = true;
    public ImmutableSortedDictionary<string, string> extra_backend_keys { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public ImmutableSortedDictionary<string, string> extra_private_keys { get; init; } = ImmutableSortedDictionary<string, string>.Empty;
    public bool persistent { get; init; } = true;
    public bool can_attach_early { get; init; } = false;
}
