using System.Runtime.InteropServices;

namespace Toolstack.Interop.Linux;

/// <summary>How much of the processors a thread gets beside others (setpriority(2), which on Linux is for one thread).</summary>
public static partial class ThreadShare
{
    private const int Process = 0; // PRIO_PROCESS; with 0 as its id, the calling thread
    private const int Low = 10;

    /// <summary>Lets the calling thread have a tenth of what another one gets, from here on to its end.</summary>
    public static void GiveWay() => _ = SetPriority(Process, 0, Low);

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, uint who, int priority);
}
