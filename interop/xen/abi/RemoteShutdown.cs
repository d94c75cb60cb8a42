using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Stops another domain for a reason (sched_remote_shutdown); hypercall sched_op.</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
internal struct RemoteShutdownLayout
{
    internal const ulong Command = 4;

    [FieldOffset(0)] internal ushort Domain;
    [FieldOffset(4)] internal uint Reason;
}
