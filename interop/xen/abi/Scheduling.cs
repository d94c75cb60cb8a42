using System.Runtime.InteropServices;

namespace Toolstack.Interop.Xen.Abi;

/// <summary>Share of a domain (xen_domctl_scheduler_op); both credit schedulers lay their parameters out alike.</summary>
[StructLayout(LayoutKind.Explicit, Size = 24)]
internal struct SchedulingLayout
{
    internal const uint Command = 16;

    internal const uint Credit = 5;
    internal const uint Credit2 = 6;

    internal const uint PutInfo = 0;
    internal const uint GetInfo = 1;

    [FieldOffset(0)] internal uint Scheduler;
    [FieldOffset(4)] internal uint Operation;
    [FieldOffset(8)] internal ushort Weight;
    [FieldOffset(10)] internal ushort Cap;
}

/// <summary>Which scheduler runs (xen_sysctl_sched_id).</summary>
internal static class SchedulerId
{
    internal const uint Command = 4;
}
