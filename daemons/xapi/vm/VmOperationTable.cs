using System.Collections.Frozen;
using System.Collections.Immutable;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Which operations a VM admits, as data: the power states of each operation and the sets that the checks of
/// <see cref="AllowedOperations"/> consult. Names are the wire's (<c>vm_operations</c>, power states lower case). Source: XenAPI.</summary>
internal static class VmOperationTable
{
    public const string Halted = "halted";
    public const string Paused = "paused";
    public const string Suspended = "suspended";
    public const string Running = "running";

    private static readonly ImmutableArray<string> Any = [Halted, Paused, Suspended, Running];
    private static readonly ImmutableArray<string> OnlyHalted = [Halted];
    private static readonly ImmutableArray<string> OnlyRunning = [Running];

    /// <summary>The power states in which an operation is valid, in the order in which VM_BAD_POWER_STATE lists them.</summary>
    public static FrozenDictionary<string, ImmutableArray<string>> PowerStates { get; } = Build(
        ("import", []),
        ("changing_VCPUs", OnlyHalted), ("changing_static_range", OnlyHalted), ("changing_memory_limits", OnlyHalted),
        ("changing_shadow_memory", OnlyHalted), ("changing_NVRAM", OnlyHalted), ("make_into_template", OnlyHalted),
        ("provision", OnlyHalted), ("start", OnlyHalted), ("start_on", OnlyHalted), ("create_vtpm", OnlyHalted),
        ("unpause", [Paused]),
        ("csvm", [Suspended]), ("resume", [Suspended]), ("resume_on", [Suspended]),
        ("awaiting_memory_live", OnlyRunning), ("call_plugin", OnlyRunning), ("clean_reboot", OnlyRunning),
        ("clean_shutdown", OnlyRunning), ("changing_memory_live", OnlyRunning), ("changing_shadow_memory_live", OnlyRunning),
        ("changing_VCPUs_live", OnlyRunning), ("data_source_op", OnlyRunning), ("pause", OnlyRunning), ("pool_migrate", OnlyRunning),
        ("send_sysrq", OnlyRunning), ("send_trigger", OnlyRunning), ("snapshot_with_quiesce", OnlyRunning), ("suspend", OnlyRunning),
        ("changing_dynamic_range", [Halted, Running]),
        ("clone", OnlyHalted), ("copy", OnlyHalted),
        ("create_template", [Halted, Suspended]), ("destroy", [Halted, Suspended]), ("export", [Halted, Suspended]),
        ("hard_reboot", [Paused, Running]),
        ("checkpoint", [Paused, Suspended, Running]), ("get_boot_record", [Paused, Suspended, Running]),
        ("shutdown", [Paused, Suspended, Running]), ("hard_shutdown", [Paused, Suspended, Running]),
        ("migrate_send", [Halted, Suspended, Running]),
        ("assert_operation_valid", Any), ("metadata_export", Any), ("power_state_reset", Any), ("revert", Any), ("reverting", Any),
        ("snapshot", Any), ("update_allowed_operations", Any), ("query_services", Any));

    /// <summary>Operations that are checked but never listed in allowed_operations.</summary>
    public static FrozenSet<string> NeverAdvertised { get; } = Set(
        "create_template", "power_state_reset", "csvm", "get_boot_record", "send_sysrq", "send_trigger", "query_services", "shutdown",
        "call_plugin", "changing_memory_live", "awaiting_memory_live", "changing_memory_limits", "changing_shadow_memory_live",
        "changing_VCPUs", "assert_operation_valid", "data_source_op", "update_allowed_operations", "import", "reverting");

    /// <summary>The others with their power states, in the order of their names.</summary>
    public static ImmutableArray<KeyValuePair<string, ImmutableArray<string>>> Advertised { get; } =
        [.. PowerStates.Where(static p => !NeverAdvertised.Contains(p.Key)).OrderBy(static p => p.Key, StringComparer.Ordinal)];

    /// <summary>Operations that also run on a control domain's own terms while it is running.</summary>
    public static FrozenSet<string> RunningControlDomain { get; } = Set("changing_VCPUs", "changing_static_range", "changing_memory_limits");

    /// <summary>Operations that also work on a suspended snapshot, or on any suspended VM where the pool allows cloning those.</summary>
    public static FrozenSet<string> SuspendedSnapshot { get; } = Set("clone", "copy");

    public static FrozenSet<string> Template { get; } = Set(
        "changing_dynamic_range", "changing_static_range", "changing_memory_limits", "changing_shadow_memory", "changing_VCPUs",
        "changing_NVRAM", "clone", "copy", "export", "metadata_export", "provision");

    public static FrozenSet<string> CustomTemplate { get; } = Set("destroy", "migrate_send");

    public static FrozenSet<string> Snapshot { get; } = Set(
        "revert", "clone", "copy", "export", "destroy", "hard_shutdown", "metadata_export");

    public static FrozenSet<string> ControlDomain { get; } = Set(
        "data_source_op", "changing_memory_live", "awaiting_memory_live", "metadata_export", "changing_dynamic_range",
        "changing_memory_limits", "changing_static_range", "start", "start_on", "changing_VCPUs", "destroy");

    /// <summary>Operations that move or save a running guest's memory.</summary>
    public static FrozenSet<string> MovesMemory { get; } = Set("suspend", "checkpoint", "pool_migrate", "migrate_send");

    /// <summary>Guest features of which one is needed, by operation.</summary>
    public static FrozenDictionary<string, ImmutableArray<string>> GuestFeatures { get; } = Build(
        ("suspend", ["feature-suspend"]), ("checkpoint", ["feature-suspend"]), ("pool_migrate", ["feature-suspend"]),
        ("migrate_send", ["feature-suspend"]),
        ("clean_shutdown", ["feature-shutdown", "feature-poweroff"]),
        ("clean_reboot", ["feature-shutdown", "feature-reboot"]),
        ("changing_VCPUs_live", ["feature-vcpu-hotplug"]));

    private static FrozenDictionary<string, ImmutableArray<string>> Build(params (string Operation, ImmutableArray<string> Values)[] rows) =>
        rows.ToFrozenDictionary(static r => r.Operation, static r => r.Values, StringComparer.Ordinal);

    private static FrozenSet<string> Set(params string[] names) => names.ToFrozenSet(StringComparer.Ordinal);
}
