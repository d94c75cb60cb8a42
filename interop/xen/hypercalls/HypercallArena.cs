using System.Runtime.CompilerServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Xen.Hypercalls;

/// <summary>
/// Memory that Xen may read and write while a hypercall runs: resident and never faulting. Pages of /dev/xen/hypercall where the
/// kernel has that device, else anonymous pages that are locked and kept from forked children. Not for two threads at once.
/// Raises <see cref="HypervisorError"/> when it cannot be had, ArgumentOutOfRangeException when a structure does not fit.
/// </summary>
internal sealed unsafe class HypercallArena : IDisposable
{
    private const string Device = "/dev/xen/hypercall";
    private const int PageSize = 4096;

    private readonly int length;
    private byte* memory;

    private HypercallArena(byte* memory, int length, bool fromDevice)
    {
        this.memory = memory;
        this.length = length;
        FromDevice = fromDevice;
    }

    /// <summary>True for pages of the kernel's own device, false for the fallback.</summary>
    internal bool FromDevice { get; }

    internal static HypercallArena Create(int pages, string device = Device)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(pages);
        var length = pages * PageSize;
        if (File.Exists(device))
        {
            using var handle = File.OpenHandle(device, FileMode.Open, FileAccess.ReadWrite);
            return new HypercallArena(Map(handle, length), length, fromDevice: true);
        }

        return new HypercallArena(MapLocked(length), length, fromDevice: false);
    }

    /// <summary>The first bytes of the arena as a zeroed structure, valid until the next call or <see cref="Dispose"/>.</summary>
    internal T* Zeroed<T>()
        where T : unmanaged
    {
        var place = (T*)Bytes(0, sizeof(T));
        *place = default;
        return place;
    }

    /// <summary>A part of the arena; its address is what goes into a handle of a structure.</summary>
    internal byte* Bytes(int offset, int size)
    {
        ObjectDisposedException.ThrowIf(memory is null, this);
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + (long)size, length);
        return memory + offset;
    }

    public void Dispose()
    {
        if (memory is not null)
        {
            // SAFETY: the mapping is this object's own, and the pointer is forgotten at once.
            _ = munmap(memory, length);
            memory = null;
        }
    }

    private static byte* Map(SafeFileHandle handle, int length)
    {
        // SAFETY: a new mapping at an address of the kernel's choice; the device keeps its pages until munmap.
        void* address = mmap(null, length, PROT_READ | PROT_WRITE, MAP_SHARED, (int)handle.DangerousGetHandle(), 0);
        return address == MAP_FAILED ? throw new HypervisorError("mmap(" + Device + ")", errno) : (byte*)address;
    }

    private static byte* MapLocked(int length)
    {
        // SAFETY: a new private mapping; on failure it is given back before anyone sees it.
        void* address = mmap(null, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (address == MAP_FAILED)
        {
            throw new HypervisorError("mmap", errno);
        }

        if (mlock(address, length) != 0 || madvise(address, length, MADV_DONTFORK) != 0)
        {
            var error = new HypervisorError("mlock", errno);
            _ = munmap(address, length);
            throw error;
        }

        Unsafe.InitBlock(address, 0, (uint)length);
        return (byte*)address;
    }
}
