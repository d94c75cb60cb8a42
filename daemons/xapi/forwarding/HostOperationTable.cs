using System.Collections.Frozen;
using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Forwarding;

/// <summary>Which operations a host admits beside those under way and in its state. Names are the wire's (<c>host_allowed_operations</c>).</summary>
internal static class HostOperationTable
{
    private static readonly FrozenSet<string> Creating = Set("provision", "vm_resume", "vm_migrate");
    private static readonly FrozenSet<string> Removing = Set("evacuate", "reboot", "shutdown");
    private static readonly FrozenSet<string> Exclusive = Set("reboot", "shutdown", "apply_updates");

    public static ImmutableArray<string> All { get; } =
        ["provision", "evacuate", "shutdown", "reboot", "power_on", "vm_start", "vm_resume", "vm_migrate", "apply_updates", "enable"];

    /// <summary>The error that forbids the operation, or null. <paramref name="current"/> is task reference -> operation.</summary>
    public static XenApiError? Check(string host, bool enabled, bool live, ImmutableArray<KeyValuePair<string, string>> current, string operation)
    {
        ImmutableArray<KeyValuePair<string, string>> inTheWay = [.. current.Where(c => Conflict(c.Value, operation))];
        if (!inTheWay.IsEmpty)
        {
            return OtherOperation.InProgress("host", host, inTheWay);
        }

        return operation switch
        {
            "reboot" or "shutdown" or "apply_updates" when enabled => new XenApiError("HOST_NOT_DISABLED"),
            "power_on" when live => new XenApiError("HOST_IS_LIVE", host),
            _ => null,
        };
    }

    private static bool Conflict(string current, string operation) =>
        (Creating.Contains(current) && Removing.Contains(operation))
        || (Removing.Contains(current) && Creating.Contains(operation))
        || (Exclusive.Contains(current) && Exclusive.Contains(operation))
        || (current == "apply_updates" && operation == "enable")
        || (current == "provision" && operation == "provision");

    private static FrozenSet<string> Set(params string[] names) => names.ToFrozenSet(StringComparer.Ordinal);
}
