using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Commands of domctl whose argument is one number or the handle of 16 bytes (Xen public headers, domctl.h).</summary>
internal static class SettingCommands
{
    /// <summary>KiB, 64 bits.</summary>
    internal const uint MaxMemory = 11;

    /// <summary>32 bits; once for a domain, before anything of vCPUs or of page tables.</summary>
    internal const uint MaxVcpus = 15;

    internal const uint SetHandle = 17;
    internal const uint ResumeDomain = 27;

    /// <summary>Bytes, 64 bits, whole pages; a domain with nested paging.</summary>
    internal const uint SetPagingPool = 86;
}

/// <summary>The handle of a domain (xen_domain_handle_t).</summary>
[StructLayout(LayoutKind.Explicit, Size = 16)]
internal unsafe struct DomainHandleLayout
{
    [FieldOffset(0)] internal fixed byte Bytes[16];
}
