using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Reads or writes the registers of a vCPU (xen_domctl_vcpucontext); what is at <see cref="Context"/> is vcpu_guest_context of the
/// 64-bit interface. A null address resets the vCPU.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct VcpuContextCallLayout
{
    internal const uint SetCommand = 12;
    internal const uint GetCommand = 13;

    /// <summary>Bytes of a context, and where in it the register stands that takes the result of a hypercall.</summary>
    internal const int ContextSize = 5168;
    internal const int ResultRegister = 600;

    [FieldOffset(0)] internal uint Vcpu;
    [FieldOffset(8)] internal ulong Context;
}
