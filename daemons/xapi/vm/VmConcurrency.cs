using System.Collections.Immutable;

namespace Toolstack.Xapi.VirtualMachines;

/// <summary>Which operation may begin on a VM while others are under way.</summary>
internal static class VmConcurrency
{
    /// <summary>True when <paramref name="operation"/> may run beside every one of <paramref name="current"/> (task reference -> operation).</summary>
    public static bool Compatible(ImmutableArray<KeyValuePair<string, string>> current, string operation) => operation switch
    {
        "hard_shutdown" => !current.Any(static c => c.Value == "hard_shutdown"),
        "hard_reboot" => !current.Any(static c => c.Value is "hard_shutdown" or "hard_reboot"),
        "clone" or "copy" or "export" => current.All(static c => c.Value is "clone" or "copy" or "export"),
        "snapshot" => current.All(static c => c.Value is "snapshot" or "checkpoint") || Exactly(current, "snapshot_with_quiesce"),
        "checkpoint" => current.All(static c => c.Value is "snapshot" or "checkpoint"),
        "get_boot_record" => current.All(static c => c.Value == "get_boot_record"),
        "metadata_export" or "clean_shutdown" or "clean_reboot" => current.IsEmpty || Exactly(current, "migrate_send"),
        _ => current.IsEmpty,
    };

    private static bool Exactly(ImmutableArray<KeyValuePair<string, string>> current, string operation) =>
        current.Length == 1 && current[0].Value == operation;
}
