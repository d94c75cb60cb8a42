using Toolstack.Idl;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.VirtualMachines;

namespace Toolstack.Xapi.Dispatch;

/// <summary>What the change of a field by its implicit setter brings with it in the same row. Classes whose fields stand for themselves are
/// not named here.</summary>
internal static class Consequences
{
    /// <summary>Raises what forbids the change.</summary>
    internal static XenObject Of(string self, XenObject before, XenObject after) =>
        (before, after) is (VM from, VM to) ? VmRows.Changed(from, to, self) : after;
}
