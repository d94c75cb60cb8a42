using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xapi.Forwarding;

/// <summary>
/// A migration whose end nobody here has heard of: the VM may run on its target, or go on at its source once that is known. Until then the
/// target keeps the promise made to the VM (<c>scheduled_to_be_resident_on</c>), by which it knows a VM that arrived for its own and not
/// for a stray that runs elsewhere. The promise ends when either host says where the VM is, or when the VM is halted.
/// </summary>
internal static class MigrationDoubt
{
    private const string Words = "migration in doubt: ";

    /// <summary>VM_MIGRATE_FAILED [vm; source; target; why].</summary>
    public static XenApiError Error(Ref<VM> vm, Ref<host> source, Ref<host> target, string reason) => new(
        "VM_MIGRATE_FAILED", vm.ToString(), source.ToString(), target.ToString(), Words + reason);

    /// <summary>Whether a failed migration leaves it open where the VM is: its source says so, or the source's host was lost.</summary>
    public static bool Leaves(XenApiError error) =>
        error is { Code: "CANNOT_CONTACT_HOST" }
        || (error is { Code: "VM_MIGRATE_FAILED", Parameters: [.., var reason] } && reason.StartsWith(Words, StringComparison.Ordinal));

    /// <summary>Whether the xenopsd of a VM's source is still sending it, or waits for its destination's word: all that while it knows the VM by the
    /// temporary id of the xenops protocol too. Raises XenopsError.</summary>
    public static Task<bool> IsInDoubtAsync(IXenops source, string debug, string uuid) =>
        source.VmExists(debug, MigrationIds.Source(uuid), CancellationToken.None);

    /// <summary>Whether the xenopsd of a VM's destination has something of it that has not arrived yet. Raises XenopsError.</summary>
    public static Task<bool> IsArrivingAsync(IXenops destination, string debug, string uuid) =>
        destination.VmExists(debug, MigrationIds.Destination(uuid), CancellationToken.None);

    /// <summary>A VM that is promised to another host than the one it lives on, if it lives on any.</summary>
    public static bool IsPromisedAway(VM row) => !row.scheduled_to_be_resident_on.IsNull && row.scheduled_to_be_resident_on != row.resident_on;

    /// <summary>A VM that this host was sending to another when the one who was to complete the migration was lost.</summary>
    public static bool MayHaveLeft(VM row, Ref<host> here) =>
        row.resident_on == here && IsPromisedAway(row);

    /// <summary>The VM is no longer promised to a host that does not have it.</summary>
    public static VM Settled(VM row) =>
        row.current_operations.ContainsValue(vm_operations.pool_migrate) ? row : row with { scheduled_to_be_resident_on = Ref<host>.Null };
}
