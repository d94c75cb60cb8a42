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

/// <summary>Numbers of the ioctls of /dev/xen/evtchn (Linux, xen/evtchn.h). They carry no direction bits.</summary>
internal static class EventChannelIoctls
{
    /// <summary>Argument <see cref="BindInterdomainLayout"/>; returns the port of this side.</summary>
    internal const uint BindInterdomain = 0x84501;

    /// <summary>Argument: the port, 4 bytes.</summary>
    internal const uint Notify = 0x44504;
}

/// <summary>Binds a port of this domain to one that another domain keeps for it (ioctl_evtchn_bind_interdomain).</summary>
[StructLayout(LayoutKind.Explicit, Size = 8)]
internal struct BindInterdomainLayout
{
    [FieldOffset(0)] internal uint RemoteDomain;
    [FieldOffset(4)] internal uint RemotePort;
}

/// <summary>Names the domain's own port that is sent to when it suspends, 0 for none (xen_domctl_subscribe).</summary>
[StructLayout(LayoutKind.Explicit, Size = 4)]
internal struct SubscribeLayout
{
    internal const uint Command = 29;

    [FieldOffset(0)] internal uint Port;
}
