using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Makes a port in a domain to which another may bind (evtchn_alloc_unbound); hypercall event_channel_op.</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
internal struct AllocateUnboundLayout
{
    internal const ulong Command = 6;

    [FieldOffset(0)] internal ushort Domain;
    [FieldOffset(2)] internal ushort Remote;
    [FieldOffset(4)] internal uint Port;
}
