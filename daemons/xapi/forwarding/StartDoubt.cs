using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Forwarding;

/// <summary>
/// A start or resume that was sent to another host and never answered: the VM may live there. Until that host says so (its resync adopts the VM, or
/// finds nothing of it), or is declared dead, it keeps the promise made to the VM (<c>scheduled_to_be_resident_on</c>): started elsewhere as well, the
/// VM could live twice. Starting it again goes to the same host.
/// </summary>
internal static class StartDoubt
{
    /// <summary>Whether a call that was sent leaves it open what became of it.</summary>
    public static bool Leaves(Exception error) =>
        error is OperationCanceledException or XenApiError { Code: "CANNOT_CONTACT_HOST", NeverSent: false };

    /// <summary>A VM that may live on the host it is promised to, and on no other; nobody here works on it.</summary>
    public static bool IsOpen(VM row) =>
        row.resident_on.IsNull && !row.scheduled_to_be_resident_on.IsNull && row.current_operations.IsEmpty;

    /// <summary>That host has nothing of the VM.</summary>
    public static VM Settled(VM row, Ref<host> promised) =>
        IsOpen(row) && row.scheduled_to_be_resident_on == promised ? row with { scheduled_to_be_resident_on = Ref<host>.Null } : row;
}
