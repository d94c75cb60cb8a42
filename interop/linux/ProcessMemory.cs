using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>What of this process's memory can go back to the system without anything being lost.</summary>
public static unsafe partial class ProcessMemory
{
    private const int DontNeed = 4; // MADV_DONTNEED
    private const int PagesAtOnce = 512;

    // <elf.h>, the same on every 64-bit machine.
    private const nuint ProgramHeaders = 3; // AT_PHDR
    private const nuint ProgramHeaderCount = 5; // AT_PHNUM
    private const uint Loaded = 1; // PT_LOAD
    private const uint HeadersThemselves = 6; // PT_PHDR
    private const uint Writable = 2; // PF_W

    // /proc/PID/pagemap: one number for each page.
    private const string PageMap = "/proc/self/pagemap";
    private const ulong Present = 1UL << 63;
    private const ulong OfTheFile = 1UL << 61;

    /// <summary>Gives back what the C library keeps of memory that was freed (malloc_trim(3)).</summary>
    public static void ReleaseFreed() => _ = MallocTrim(0);

    /// <summary>Lets go of the executable's own code and constants: what is used comes back from the page cache, a fault for each 64 KiB; what only
    /// the start needed stays away. Returns how many bytes were let go of; 0 where the kernel does not say which pages are the file's.</summary>
    public static long ReleaseProgram()
    {
        try
        {
            using SafeFileHandle map = File.OpenHandle(PageMap);
            return ReleaseParts(map);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static long ReleaseParts(SafeFileHandle map)
    {
        var headers = (ProgramHeader*)GetAuxiliary(ProgramHeaders);
        var count = (int)GetAuxiliary(ProgramHeaderCount);
        var pageSize = (ulong)Environment.SystemPageSize;
        long released = 0;

        // SAFETY: the kernel says where it has put the headers and how many there are; they stay mapped while the process lives.
        var parts = new ReadOnlySpan<ProgramHeader>(headers, count);
        foreach (ref readonly var own in parts)
        {
            if (own.Type != HeadersThemselves)
            {
                continue;
            }

            var moved = (ulong)headers - own.Address;
            foreach (ref readonly var part in parts)
            {
                if (part.Type == Loaded && (part.Flags & Writable) == 0)
                {
                    var first = (moved + part.Address) / pageSize;
                    released += Release(map, first, (moved + part.Address + part.FileSize + pageSize - 1) / pageSize - first, pageSize);
                }
            }
        }

        return released;
    }

    /// <summary>Pages that were changed after all, as the runtime changes a few of its constants once at its start, are no longer the file's and stay.</summary>
    private static long Release(SafeFileHandle map, ulong first, ulong count, ulong pageSize)
    {
        Span<ulong> pages = stackalloc ulong[PagesAtOnce];
        long released = 0;
        while (count > 0)
        {
            var some = pages[..(int)Math.Min(count, PagesAtOnce)];
            if (RandomAccess.Read(map, MemoryMarshal.AsBytes(some), (long)first * sizeof(ulong)) != some.Length * sizeof(ulong))
            {
                break;
            }

            for (var index = 0; index < some.Length;)
            {
                var run = 0;
                while (index + run < some.Length && (some[index + run] & (Present | OfTheFile)) == (Present | OfTheFile))
                {
                    run++;
                }

                // SAFETY: these pages belong to a part of the executable that nothing writes to any more, and are copies of the file's.
                if (run > 0 && madvise((void*)((first + (ulong)index) * pageSize), (size_t)((ulong)run * pageSize), DontNeed) == 0)
                {
                    released += run * (long)pageSize;
                }

                index += Math.Max(run, 1);
            }

            first += (ulong)some.Length;
            count -= (ulong)some.Length;
        }

        return released;
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nuint pad);

    [LibraryImport("libc", EntryPoint = "getauxval")]
    private static partial nuint GetAuxiliary(nuint type);

    /// <summary>Elf64_Phdr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ProgramHeader
    {
        internal readonly uint Type;
        internal readonly uint Flags;
        internal readonly ulong Offset;
        internal readonly ulong Address;
        internal readonly ulong PhysicalAddress;
        internal readonly ulong FileSize;
        internal readonly ulong MemorySize;
        internal readonly ulong Alignment;
    }
}
