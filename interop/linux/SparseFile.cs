using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>Files with holes: how much of one is on the disk, and copies that keep the holes. Raises <see cref="HypervisorError"/>.</summary>
public static unsafe class SparseFile
{
    private const int SeekData = 3; // SEEK_DATA and SEEK_HOLE of linux/fs.h: not among Tmds.LibC's constants
    private const int SeekHole = 4;
    private const int CloneRequest = 0x40049409; // FICLONE of linux/fs.h
    private const int StatBlock = 512; // the unit of st_blocks, whatever the file system's block is
    private const int Chunk = 1024 * 1024;

    /// <summary>The bytes that the file takes on the disk.</summary>
    public static long AllocatedBytes(string path)
    {
        using SafeFileHandle file = File.OpenHandle(path);
        stat status;

        // SAFETY: the call fills the local structure and keeps no pointer to it; the handle is open until the end of the method.
        if (fstat((int)file.DangerousGetHandle(), &status) < 0)
        {
            throw HypervisorError.Last("fstat");
        }

        return status.st_blocks * StatBlock;
    }

    /// <summary>Makes <paramref name="to"/>, which must be empty, the same as <paramref name="from"/>: by sharing blocks where the file system
    /// can, otherwise by copying what is not a hole. The copy has the length of the original.</summary>
    public static void Copy(SafeFileHandle from, SafeFileHandle to, CancellationToken cancel)
    {
        // SAFETY: FICLONE takes a descriptor by value; both handles are open for the call.
        if (ioctl((int)to.DangerousGetHandle(), CloneRequest, (int)from.DangerousGetHandle()) == 0)
        {
            return;
        }

        long length = RandomAccess.GetLength(from);
        RandomAccess.SetLength(to, length);
        byte[] buffer = new byte[Chunk];
        long at = 0;
        while (NextData(from, at) is { } start && start < length)
        {
            long end = Math.Min(length, Seek(from, start, SeekHole));
            for (at = start; at < end;)
            {
                cancel.ThrowIfCancellationRequested();
                int read = RandomAccess.Read(from, buffer.AsSpan(0, (int)Math.Min(Chunk, end - at)), at);
                if (read == 0)
                {
                    return;
                }

                RandomAccess.Write(to, buffer.AsSpan(0, read), at);
                at += read;
            }
        }
    }

    /// <summary>The first byte at or after <paramref name="at"/> that is not in a hole, or null.</summary>
    private static long? NextData(SafeFileHandle file, long at)
    {
        long found = lseek((int)file.DangerousGetHandle(), at, SeekData);
        return found >= 0 ? found : errno == ENXIO ? null : throw HypervisorError.Last("lseek");
    }

    private static long Seek(SafeFileHandle file, long at, int what)
    {
        long found = lseek((int)file.DangerousGetHandle(), at, what);
        return found >= 0 ? found : throw HypervisorError.Last("lseek");
    }
}
