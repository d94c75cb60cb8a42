using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>CPU features as words of 32 bits (xen_sysctl_cpu_featureset); without a buffer <see cref="Count"/> comes back as how many there are.</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal struct CpuFeatureSetLayout
{
    internal const uint Command = 26;

    internal const uint Host = 1;
    internal const uint PvDefault = 2;
    internal const uint HvmDefault = 3;
    internal const uint PvMax = 4;
    internal const uint HvmMax = 5;

    [FieldOffset(0)] internal uint Index;
    [FieldOffset(4)] internal uint Count;
    [FieldOffset(8)] internal ulong Features;
}
