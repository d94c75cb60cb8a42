using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>
/// Anonymous memory with a file descriptor (memfd), mapped shared into this process: guest memory of the simulator and payloads
/// that travel between daemons as descriptors. Fresh memory reads as zero and takes no frames until it is written.
/// Raises <see cref="HypervisorError"/> when a call fails (no memory: <c>ENOMEM</c>).
/// </summary>
/// <remarks>
/// The object owns the mapping: pointers and spans taken from it are valid until <see cref="Dispose"/>, and the caller must not
/// dispose it while another thread uses them.
/// </remarks>
public sealed unsafe class SharedMemory : IDisposable
{
    /// <summary>Size of a frame on x86-64, in bytes.</summary>
    public const int PageSize = 4096;

    private const int SeekData = 3; // SEEK_DATA and SEEK_HOLE of linux/fs.h: not among Tmds.LibC's constants
    private const int SeekHole = 4;
    private const int PopulateWrite = 23; // MADV_POPULATE_WRITE of asm-generic/mman-common.h: likewise
    private const int PunchHoleMode = 3; // FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE of linux/falloc.h
    private const long LatePieceBytes = 16 << 20;
    private const int LateStackBytes = 128 * 1024;
    private byte* _base;

    private SharedMemory(SafeFileHandle handle, byte* address, long length)
    {
        Handle = handle;
        _base = address;
        Length = length;
    }

    /// <summary>Length in bytes; fixed for life.</summary>
    public long Length { get; }

    /// <summary>The memfd, close-on-exec; may be sent to another process with <see cref="UnixRights"/>.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>First byte of the mapping.</summary>
    public byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(_base is null, this);
            return _base;
        }
    }

    /// <summary>Makes new zero-filled memory whose size is sealed (nobody can shrink it under a mapping and cause SIGBUS).</summary>
    /// <param name="name">Shown in /proc/PID/maps; at most 249 bytes.</param>
    /// <param name="length">Bytes, a positive multiple of <see cref="PageSize"/>.</param>
    /// <param name="hugePages">Advise the kernel to back it with transparent huge pages where it may.</param>
    public static SharedMemory Create(string name, long length, bool hugePages = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(length % PageSize, 0);
        var nameBytes = Encoding.UTF8.GetBytes(name + '\0');
        int fd;
        // SAFETY: the name is NUL-terminated and pinned for the call, which only reads it.
        fixed (byte* pinned = nameBytes)
        {
            fd = memfd_create(pinned, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        }

        if (fd < 0)
        {
            throw HypervisorError.Last("memfd_create");
        }

        var handle = new SafeFileHandle(fd, ownsHandle: true);
        try
        {
            if (ftruncate(fd, length) < 0)
            {
                throw HypervisorError.Last("ftruncate");
            }

            if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) < 0)
            {
                throw HypervisorError.Last("fcntl(F_ADD_SEALS)");
            }

            return Map(handle, length, writable: true, hugePages);
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Maps a received memfd read-only; the object takes the descriptor over. The descriptor must carry the seal against
    /// shrinking, else the sender could make a later read of this process fault.</summary>
    public static SharedMemory OpenSealed(SafeFileHandle handle, long length) => OpenReceived(handle, length, writable: false, hugePages: false);

    /// <summary>As <see cref="OpenSealed"/>, for reading and writing: memory that both processes use. Each of them has to advise
    /// huge pages for itself.</summary>
    public static SharedMemory OpenShared(SafeFileHandle handle, long length, bool hugePages = false) =>
        OpenReceived(handle, length, writable: true, hugePages);

    private static SharedMemory OpenReceived(SafeFileHandle handle, long length, bool writable, bool hugePages)
    {
        ArgumentNullException.ThrowIfNull(handle);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        var fd = (int)handle.DangerousGetHandle();
        if (!CannotShrink(handle))
        {
            throw new HypervisorError("mmap of an unsealed memfd", EPERM);
        }

        var end = (long)lseek(fd, 0, SEEK_END);
        if (end < length)
        {
            throw new HypervisorError("mmap beyond the end of a memfd", EINVAL);
        }

        return Map(handle, length, writable, hugePages);
    }

    /// <summary>Whether a descriptor is memory whose size nobody can take away any more; false for whatever else it may be.</summary>
    public static bool CannotShrink(SafeFileHandle handle)
    {
        ArgumentNullException.ThrowIfNull(handle);
        var seals = fcntl((int)handle.DangerousGetHandle(), FGetSeals);
        return seals >= 0 && (seals & F_SEAL_SHRINK) != 0;
    }

    /// <summary>Bytes [offset, offset + length) of the mapping.</summary>
    public Span<byte> Bytes(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        // SAFETY: the range was checked against the mapping; see the remarks for its lifetime.
        return new Span<byte>(Pointer + offset, length);
    }

    /// <summary>Makes the whole mapping refuse writes from every holder from now on (F_SEAL_WRITE needs no writable mapping left,
    /// so this unmaps first and maps read-only again). For payloads handed to another process.</summary>
    public void SealContent()
    {
        var fd = (int)Handle.DangerousGetHandle();
        // SAFETY: the address range is exactly the one mmap returned; _base is replaced at once or left null, never dangling.
        if (munmap(Pointer, (size_t)(ulong)Length) < 0)
        {
            throw HypervisorError.Last("munmap");
        }

        _base = null;
        if (fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        {
            throw HypervisorError.Last("fcntl(F_SEAL_WRITE)");
        }

        _base = MapAddress(fd, Length, writable: false);
    }

    /// <summary>Smallest offset at or after <paramref name="offset"/> where memory has been written, or <see cref="Length"/>.
    /// What lies before it reads as zero; reading it through the mapping would allocate frames for nothing.</summary>
    public long NextData(long offset) => Seek(offset, SeekData, "lseek(SEEK_DATA)");

    /// <summary>Smallest offset at or after <paramref name="offset"/> where nothing has been written, or <see cref="Length"/>.</summary>
    public long NextHole(long offset) => Seek(offset, SeekHole, "lseek(SEEK_HOLE)");

    /// <summary>Gives frames to a range before it is written, many at a time, which costs less than a fault for each. A hint:
    /// false when the kernel cannot (before 5.14, or out of memory), and then nothing is lost. May be called from any thread.</summary>
    public bool Populate(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        // SAFETY: the range lies in the mapping; populating changes no content.
        return madvise(Pointer + offset, (size_t)(ulong)length, PopulateWrite) == 0;
    }

    /// <summary>Takes the frames of a range away: it reads as zero again and takes no memory until it is written.</summary>
    public void PunchHole(long offset, long length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        if (fallocate((int)Handle.DangerousGetHandle(), PunchHoleMode, offset, length) < 0)
        {
            throw HypervisorError.Last("fallocate(FALLOC_FL_PUNCH_HOLE)");
        }
    }

    /// <summary>Bytes of real memory behind it at this moment, whoever wrote them.</summary>
    public long AllocatedBytes()
    {
        stat state;
        // SAFETY: the kernel fills one struct stat on this frame.
        return fstat((int)Handle.DangerousGetHandle(), &state) < 0 ? throw HypervisorError.Last("fstat") : (long)state.st_blocks * 512;
    }

    public void Dispose()
    {
        Unmap();
        Handle.Dispose();
    }

    /// <summary>As <see cref="Dispose"/>, but nobody waits for it: taking a guest's memory apart takes the kernel a good part of a second for
    /// every few GiB, and a VM that moves is suspended meanwhile. So it is done piece by piece, in which other threads may map memory, on a
    /// thread that gives way to all others.</summary>
    public void DisposeLater()
    {
        nint mapped = (nint)_base;
        _base = null;
        if (mapped != 0)
        {
            new Thread(() => Empty((byte*)mapped), LateStackBytes) { IsBackground = true, Name = "unmapping" }.Start();
        }
    }

    private void Empty(byte* mapped)
    {
        ThreadShare.GiveWay();
        for (long at = 0; at < Length; at += LatePieceBytes)
        {
            // SAFETY: within the mapping, which is this thread's alone since it was taken from _base; the memory itself may be others' and stays.
            _ = madvise(mapped + at, (size_t)(ulong)Math.Min(LatePieceBytes, Length - at), MADV_DONTNEED);
        }

        // SAFETY: the same mapping, whole, and for the last time.
        _ = munmap(mapped, (size_t)(ulong)Length);
        Handle.Dispose();
    }

    private void Unmap()
    {
        if (_base is not null)
        {
            // SAFETY: the range is the one mmap returned and is not used again: _base is cleared.
            _ = munmap(_base, (size_t)(ulong)Length);
            _base = null;
        }
    }

    private const int FGetSeals = 1034; // F_GET_SEALS of linux/fcntl.h: not among Tmds.LibC's constants

    private long Seek(long offset, int whence, string operation)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        if (offset >= Length)
        {
            return Length;
        }

        var next = (long)lseek((int)Handle.DangerousGetHandle(), offset, whence);
        if (next >= 0)
        {
            return next;
        }

        var errno = LibC.errno;
        return errno == ENXIO ? Length : throw new HypervisorError(operation, errno);
    }

    private static SharedMemory Map(SafeFileHandle handle, long length, bool writable, bool hugePages)
    {
        var address = MapAddress((int)handle.DangerousGetHandle(), length, writable);
        if (hugePages)
        {
            // SAFETY: advice on the mapping just made; refusal (EINVAL on kernels without THP for shmem) changes nothing.
            _ = madvise(address, (size_t)(ulong)length, MADV_HUGEPAGE);
        }

        return new SharedMemory(handle, address, length);
    }

    private static byte* MapAddress(int fd, long length, bool writable)
    {
        var protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
        // SAFETY: a new mapping at an address of the kernel's choice; nothing existing is replaced.
        var address = mmap(null, (size_t)(ulong)length, protection, MAP_SHARED, fd, 0);
        return address == MAP_FAILED ? throw HypervisorError.Last("mmap") : (byte*)address;
    }
}
