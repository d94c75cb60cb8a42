using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Gives a PCI device to a domain or takes it back (xen_domctl_assign_device); the address is segment &lt;&lt; 16 | bus &lt;&lt; 8 | device &lt;&lt; 3 | function.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct DeviceAssignmentLayout
{
    internal const uint AssignCommand = 37;
    internal const uint DeassignCommand = 47;

    internal const uint RelaxedReservedMemory = 1;

    [FieldOffset(0)] internal uint Kind;
    [FieldOffset(4)] internal uint Flags;
    [FieldOffset(8)] internal uint Address;
}
