using System.Runtime.InteropServices;

namespace Toolstack.Interop.Linux;

/// <summary>Classes of Linux's I/O schedulers (linux/ioprio.h).</summary>
public enum IoPriorityClass { None = 0, RealTime = 1, BestEffort = 2, Idle = 3 }

/// <summary>Priority of the I/O of one thread or process (ioprio_set(2)); libc has no function for it. Raises <see cref="HypervisorError"/>: ESRCH when
/// there is no such thread, EPERM.</summary>
public static partial class IoPriority
{
    private const int ClassShift = 13;
    private const int LevelMask = (1 << ClassShift) - 1;
    private const int OfProcess = 1;
    private const string Library = "libc";

    private static readonly (long Set, long Get) Numbers = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (251, 252),
        Architecture.Arm64 => (30, 31),
        var other => throw new PlatformNotSupportedException($"{other}: the numbers of ioprio_set and ioprio_get are not known"),
    };

    /// <param name="pid">Thread or process.</param>
    /// <param name="scheduling">Class.</param>
    /// <param name="level">0 (first) to 7; nothing for <see cref="IoPriorityClass.Idle"/>.</param>
    public static void Set(int pid, IoPriorityClass scheduling, int level)
    {
        if (SystemCall(Numbers.Set, OfProcess, pid, ((long)scheduling << ClassShift) | (long)level) < 0)
        {
            throw new HypervisorError($"ioprio_set {pid}", Marshal.GetLastPInvokeError());
        }
    }

    public static (IoPriorityClass Scheduling, int Level) Get(int pid)
    {
        long value = SystemCall(Numbers.Get, OfProcess, pid, 0);
        return value >= 0
            ? ((IoPriorityClass)(value >> ClassShift), (int)value & LevelMask)
            : throw new HypervisorError($"ioprio_get {pid}", Marshal.GetLastPInvokeError());
    }

    [LibraryImport(Library, EntryPoint = "syscall", SetLastError = true)]
    private static partial long SystemCall(long number, long which, long who, long priority);
}
