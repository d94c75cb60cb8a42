using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Reads Xen's console ring (xen_sysctl_readconsole). Incremental reading goes on at <see cref="Index"/>, which comes back moved.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct ReadConsoleLayout
{
    internal const uint Command = 1;

    [FieldOffset(0)] internal byte Clear;
    [FieldOffset(1)] internal byte Incremental;
    [FieldOffset(4)] internal uint Index;
    [FieldOffset(8)] internal ulong Buffer;
    [FieldOffset(16)] internal uint Count;
}

/// <summary>Characters that Xen treats as if typed on its console (xen_sysctl_debug_keys).</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct DebugKeysLayout
{
    internal const uint Command = 7;

    [FieldOffset(0)] internal ulong Keys;
    [FieldOffset(8)] internal uint Count;
}
