using System.Runtime.InteropServices;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Hypercalls;

namespace Toolstack.Interop.Xen.Memory;

/// <summary>
/// Frames of a domain, or a resource of it, mapped one after the other in this process. It owns the mapping: while it lives Xen
/// keeps the frames, so it must be disposed before a domain can wholly go. Dispose waits for uses under way to end.
/// Raises <see cref="HypervisorError"/> when a frame cannot be mapped: then none is.
/// </summary>
public sealed unsafe class ForeignMapping : SafeHandle
{
    /// <summary>Bytes of a frame.</summary>
    public const int FrameBytes = 4096;

    private const uint GrantTableResource = 1;

    private readonly long length;

    private ForeignMapping(byte* address, long length)
        : base(0, ownsHandle: true)
    {
        this.length = length;
        SetHandle((nint)address);
    }

    public override bool IsInvalid => handle == 0;

    /// <summary>What is mapped, as bytes.</summary>
    public Span<byte> Bytes => new(Pointer, checked((int)length));

    /// <summary>First byte; valid while this object is not disposed.</summary>
    internal byte* Pointer
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            return (byte*)handle;
        }
    }

    /// <summary>One frame as the structure that stands at its start.</summary>
    internal T* As<T>()
        where T : unmanaged => (T*)Pointer;

    internal static ForeignMapping Map(Privcmd privcmd, int domid, ReadOnlySpan<ulong> frames, bool writable)
    {
        var size = frames.Length * (long)FrameBytes;
        ForeignMapping mapping = new(privcmd.Reserve(null, size, writable), size);
        try
        {
            var errors = new int[frames.Length];
            // SAFETY: both arrays are pinned for the call and as long as the reservation has pages.
            fixed (ulong* list = frames)
            fixed (int* results = errors)
            {
                if (FrameMapper.Map(privcmd, domid, mapping.Pointer, list, results, frames.Length) != 0)
                {
                    var first = Array.FindIndex(errors, static e => e != 0);
                    throw new HypervisorError($"map frame 0x{frames[first]:x} of domain {domid}", -errors[first]);
                }
            }

            return mapping;
        }
        catch
        {
            mapping.Dispose();
            throw;
        }
    }

    /// <summary>The first frame of a domain's grant table, writable, whatever the domain itself has done with it.</summary>
    internal static ForeignMapping MapGrantTable(Privcmd privcmd, int domid)
    {
        ForeignMapping mapping = new(privcmd.Reserve(null, FrameBytes, writable: true), FrameBytes);
        try
        {
            // SAFETY: one page was reserved at that address, and one is asked for.
            var resource = new PrivcmdMmapResource
            {
                Domain = (ushort)domid, Type = GrantTableResource, Id = 0, Index = 0, Count = 1, Address = (ulong)mapping.Pointer,
            };
            var errno = privcmd.Control(PrivcmdIoctls.MmapResource, &resource);
            return errno == 0 ? mapping : throw new HypervisorError("privcmd mmap_resource(grant table)", errno);
        }
        catch
        {
            mapping.Dispose();
            throw;
        }
    }

    // SAFETY: the mapping is this object's own; SafeHandle calls this once, when nobody uses it any more.
    protected override bool ReleaseHandle() => LibC.munmap((void*)handle, (size_t)(ulong)length) == 0;
}
