using System.Globalization;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>The share of a disk's time that a VBD gets: the I/O priority of the thread that serves it, which its back end names
/// (<c>kthread-pid</c>).</summary>
internal static class DiskPriority
{
    private const int LowestLevel = 7;

    /// <summary>Nothing for a back end that names no thread, or one that has ended. Raises HypervisorError.</summary>
    public static void Set(string? thread, VbdQos qos)
    {
        if (Number(thread) is not { } pid)
        {
            return;
        }

        var (scheduling, level) = Of(qos);
        try
        {
            IoPriority.Set(pid, scheduling, level);
        }
        catch (HypervisorError error) when (error.Errno == LibC.ESRCH)
        {
            // Its successor will be named, and that is another change.
        }
    }

    /// <summary>The thread has another priority than it is to have.</summary>
    public static bool Differs(string? thread, VbdQos qos)
    {
        try
        {
            return Number(thread) is { } pid && IoPriority.Get(pid) != Of(qos);
        }
        catch (HypervisorError)
        {
            return false;
        }
    }

    /// <summary>As Linux counts: 0 is the highest of eight levels.</summary>
    public static (IoPriorityClass Scheduling, int Level) Of(VbdQos qos) => qos is not VbdQos.Ionice(var wanted)
        ? (IoPriorityClass.None, 0)
        : wanted switch
        {
            IoScheduling.RealTime r => (IoPriorityClass.RealTime, Level(r.priority)),
            IoScheduling.BestEffort b => (IoPriorityClass.BestEffort, Level(b.priority)),

            // The kernel knows no levels of it and reports this one.
            _ => (IoPriorityClass.Idle, 0),
        };

    private static int Level(IoClass priority) => priority switch
    {
        IoClass.Highest => 0,
        IoClass.High => 2,
        IoClass.Normal => 4,
        IoClass.Low => 6,
        IoClass.Other o => (int)Math.Clamp(o.level, 0, LowestLevel),
        _ => LowestLevel,
    };

    private static int? Number(string? thread) =>
        int.TryParse(thread, NumberStyles.None, CultureInfo.InvariantCulture, out int pid) && pid > 0 ? pid : null;
}
