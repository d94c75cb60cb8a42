using System.Collections.Immutable;
using Toolstack.Idl;

namespace Toolstack.Xenopsd.Contract;

[WireType]
public enum VbdMode { ReadOnly, ReadWrite }

[WireType]
public enum VbdType { CDROM, Disk, Floppy }

[WireType]
public enum DiskBus { Xen, Scsi, Floppy, Ide }

/// <summary>The share of a disk's time that a VBD gets.</summary>
[WireVariant]
public abstract record VbdQos
{
    private VbdQos() { }

    public sealed record Ionice(IoScheduling scheduling) : VbdQos;
}

/// <summary>Scheduling classes of Linux's disk schedulers.</summary>
[WireVariant]
public abstract record IoScheduling
{
    private IoScheduling() { }

    public sealed record RealTime(IoClass priority) : IoScheduling;
    public sealed record Idle : IoScheduling;
    public sealed record BestEffort(IoClass priority) : IoScheduling;
}

/// <summary>Priority within a scheduling class; <see cref="Other"/> is Linux's number, 0 the highest.</summary>
[WireVariant]
public abstract record IoClass
{
    private IoClass() { }

    public sealed record Highest : IoClass;
    public sealed record High : IoClass;
    public sealed record Normal : IoClass;
    public sealed record Low : IoClass;
    public sealed record Lowest : IoClass;
    public sealed record Other(long level) : IoClass;
}

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
    public VbdQos? qos { get; init; }
    public bool persistent { get; init; } = true;
    public bool can_attach_early { get; init; } = false;
}

/// <summary>What is observed of a VBD.</summary>
[WireType]
public sealed record VbdState
{
    public bool active { get; init; }
    public bool plugged { get; init; }
    public VbdQos? qos_target { get; init; }
    public Disk? backend_present { get; init; }
}
