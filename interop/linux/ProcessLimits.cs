using System.Runtime.InteropServices;

namespace Toolstack.Interop.Linux;

/// <summary>What another process may use (prlimit(2)); 0 leaves a limit as it is.</summary>
/// <param name="MemoryBytes">Its address space.</param>
/// <param name="CpuSeconds">Time on a CPU; the kernel kills it after that.</param>
/// <param name="FileBytes">The largest file it may write.</param>
public sealed partial record ProcessLimits(long MemoryBytes, long CpuSeconds, long FileBytes)
{
    private const int CpuTime = 0;
    private const int FileSize = 1;
    private const int AddressSpace = 9;
    private const int NoSuchProcess = 3;

    /// <summary>Bounds a process that this one may signal; nothing for one that has ended. Raises <see cref="HypervisorError"/>.</summary>
    public void Apply(int pid)
    {
        Apply(pid, CpuTime, CpuSeconds);
        Apply(pid, FileSize, FileBytes);
        Apply(pid, AddressSpace, MemoryBytes);
    }

    private static unsafe void Apply(int pid, int resource, long most)
    {
        if (most == 0)
        {
            return;
        }

        Limit limit = new((ulong)most, (ulong)most);

        // SAFETY: the kernel reads one rlimit64 during the call; the old one is not asked for.
        if (Prlimit(pid, resource, &limit, null) != 0 && Marshal.GetLastPInvokeError() is var error and not NoSuchProcess)
        {
            throw new HypervisorError($"prlimit {pid}", error);
        }
    }

    [LibraryImport("libc", EntryPoint = "prlimit64", SetLastError = true)]
    private static unsafe partial int Prlimit(int pid, int resource, Limit* wanted, Limit* former);

    [StructLayout(LayoutKind.Sequential)]
    private readonly record struct Limit(ulong Soft, ulong Hard);
}
