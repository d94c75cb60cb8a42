using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;
using Toolstack.Interop.Xen.Hypercalls;

namespace Toolstack.Interop.Xen.Memory;

/// <summary>Puts frames of a domain behind addresses that were reserved from the device.</summary>
internal static unsafe class FrameMapper
{
    /// <summary>Deadline for frames that Xen has paged out to come back.</summary>
    private static readonly TimeSpan PagedDeadline = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PagedPause = TimeSpan.FromMicroseconds(100);

    /// <summary>
    /// Maps <paramref name="count"/> frames at an address whose whole reservation has just that many pages (Linux takes nothing
    /// less in the first call). Errors come back for each frame, as negative errno or 0; returns how many there are.
    /// Raises <see cref="HypervisorError"/> when the call as a whole fails.
    /// </summary>
    internal static int Map(Privcmd privcmd, int domid, byte* address, ulong* frames, int* errors, int count)
    {
        // SAFETY: the kernel reads the frames and writes the errors before the call returns; all arrays have count entries by contract.
        var batch = new PrivcmdMmapBatchV2
        {
            Count = (uint)count, Domain = (ushort)domid, Address = (ulong)address, Frames = (ulong)frames, Errors = (ulong)errors,
        };
        var errno = privcmd.Control(PrivcmdIoctls.MmapBatchV2, &batch);
        if (errno == LibC.ENOENT)
        {
            WaitForPaged(privcmd, batch);
        }
        else if (errno != 0)
        {
            throw new HypervisorError("privcmd mmapbatch", errno);
        }

        var failed = 0;
        for (var i = 0; i < count; i++)
        {
            failed += errors[i] != 0 ? 1 : 0;
        }

        return failed;
    }

    /// <summary>Asks again, frame by frame, for those that were paged out, until they are back or the deadline has passed.</summary>
    private static void WaitForPaged(Privcmd privcmd, PrivcmdMmapBatchV2 batch)
    {
        var frames = (ulong*)batch.Frames;
        var errors = (int*)batch.Errors;
        var deadline = DateTime.UtcNow + PagedDeadline;
        for (var i = 0; i < batch.Count; i++)
        {
            while (errors[i] == -LibC.ENOENT && DateTime.UtcNow < deadline)
            {
                Thread.Sleep(PagedPause);
                var one = batch with
                {
                    Count = 1, Address = batch.Address + (ulong)i * ForeignMapping.FrameBytes, Frames = (ulong)(frames + i), Errors = (ulong)(errors + i),
                };
                var errno = privcmd.Control(PrivcmdIoctls.MmapBatchV2, &one);
                if (errno != 0 && errno != LibC.ENOENT)
                {
                    throw new HypervisorError("privcmd mmapbatch", errno);
                }
            }
        }
    }
}
