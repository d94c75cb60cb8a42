using System.Buffers;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>
/// Bytes in anonymous memory (memfd) that nobody can change or take away any more, to be handed to another process. Making it writes through
/// the descriptor: the kernel copies into whole fresh frames without zeroing them and without a fault for each, which a mapping would cost.
/// Raises <see cref="HypervisorError"/> when a call fails (no memory: <c>ENOMEM</c>).
/// </summary>
public static unsafe class SealedMemory
{
    /// <summary>A sealed memfd (close-on-exec) that holds <paramref name="bytes"/>; the caller closes it.</summary>
    /// <param name="name">Shown in /proc/PID/fd; at most 249 bytes.</param>
    /// <param name="bytes">At least one.</param>
    public static SafeFileHandle Create(string name, ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfZero(bytes.Length);
        var nameBytes = Encoding.UTF8.GetBytes(name + '\0');
        int descriptor;

        // SAFETY: the name is NUL-terminated and pinned for the call, which only reads it.
        fixed (byte* pinned = nameBytes)
        {
            descriptor = memfd_create(pinned, MFD_CLOEXEC | MFD_ALLOW_SEALING);
        }

        if (descriptor < 0)
        {
            throw HypervisorError.Last("memfd_create");
        }

        var handle = new SafeFileHandle(descriptor, ownsHandle: true);
        try
        {
            Write(descriptor, bytes);
            return fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0
                ? throw HypervisorError.Last("fcntl(F_ADD_SEALS)")
                : handle;
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    private static void Write(int descriptor, ReadOnlySpan<byte> bytes)
    {
        // SAFETY: the bytes are pinned for the loop, which only reads them and never beyond their end.
        fixed (byte* pinned = bytes)
        {
            for (var done = 0L; done < bytes.Length;)
            {
                var count = (long)pwrite(descriptor, pinned + done, (size_t)(ulong)(bytes.Length - done), done);
                if (count < 0 && errno != EINTR)
                {
                    throw HypervisorError.Last("pwrite");
                }

                done += Math.Max(count, 0);
            }
        }
    }
}

/// <summary>Sealed memory of another process, mapped read-only. The memory is valid until it is disposed, which must not happen while another
/// thread reads it; it is never unmapped behind its reader's back, so one that is not disposed stays mapped.</summary>
public sealed unsafe class SealedMapping : MemoryManager<byte>
{
    private readonly SharedMemory memory;
    private readonly int length;

    /// <summary>Takes the descriptor over. Raises <see cref="HypervisorError"/> as <see cref="SharedMemory.OpenSealed"/>.</summary>
    public SealedMapping(SafeFileHandle handle, int length)
    {
        memory = SharedMemory.OpenSealed(handle, length);
        this.length = length;
    }

    public override Span<byte> GetSpan() => memory.Bytes(0, length);

    // SAFETY: the mapping does not move; the bounds are those of MemoryManager's contract, checked here.
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)elementIndex, (uint)length);
        return new MemoryHandle(memory.Pointer + elementIndex);
    }

    public override void Unpin()
    {
        // Mapped memory does not move.
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            memory.Dispose();
        }
    }
}
