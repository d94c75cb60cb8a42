namespace Toolstack.Interop.Xen.Abi;

/// <summary>Numbers of Xen's hypercalls on x86-64 (Xen public headers, xen.h).</summary>
internal static class HypercallNumbers
{
    internal const ulong MemoryOp = 12;
    internal const ulong XenVersion = 17;
    internal const ulong MmuExtOp = 26;
    internal const ulong HvmOp = 34;
    internal const ulong SchedOp = 29;
    internal const ulong EventChannelOp = 32;
    internal const ulong Sysctl = 35;
    internal const ulong Domctl = 36;
}

/// <summary>Commands of the hypercall xen_version (Xen public headers, version.h).</summary>
internal static class VersionCommands
{
    /// <summary>Returns major &lt;&lt; 16 | minor; takes no argument.</summary>
    internal const ulong Version = 0;

    /// <summary>Fills 1024 bytes with NUL-terminated text: the guest types, separated by spaces.</summary>
    internal const ulong Capabilities = 3;
}
