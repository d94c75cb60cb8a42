using System.Collections.Immutable;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>What the validity of an operation on a VM depends on, read from its row at one moment.
/// Words are the wire's: <see cref="PowerState"/> is one of the lower-case names of <see cref="VmOperationTable"/>.</summary>
internal sealed record VmFacts
{
    public required string Reference { get; init; }
    public required string PowerState { get; init; }
    public bool IsTemplate { get; init; }
    public bool IsDefaultTemplate { get; init; }
    public bool IsSnapshot { get; init; }
    public bool IsControlDomain { get; init; }

    /// <summary>A control domain that is the host's own (domain 0), not a driver domain.</summary>
    public bool IsDomainZero { get; init; }

    /// <summary>The domain cannot be moved: the guest, its platform flags or its devices forbid it.</summary>
    public bool NoMigrate { get; init; }

    public bool NestedVirtualisation { get; init; }

    /// <summary>True when the domain type is such that the guest's drivers are its kernel's own (PV, PVH).</summary>
    public bool ParavirtualBoot { get; init; }

    /// <summary>What the guest's agent wrote, or null where guest metrics are not kept: then checks on them do not apply.</summary>
    public ImmutableDictionary<string, string>? GuestReport { get; init; }

    /// <summary>blocked_operations: operation -> reason.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Blocked { get; init; } = [];

    /// <summary>current_operations: task reference -> operation.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Current { get; init; } = [];
}
