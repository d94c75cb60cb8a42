using System.Runtime.InteropServices;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>A simulated domain's memory mapped into this process, and its log-dirty mode, which the host keeps.</summary>
internal sealed unsafe class MappedMemory : IGuestMemory, IDisposable
{
    private readonly DomainConnection connection;
    private readonly SharedMemory memory;
    private readonly byte* start;
    private SharedMemory? bitmap;

    public MappedMemory(DomainConnection connection)
    {
        this.connection = connection;
        memory = connection.Map("map_memory", c => c.MapMemory(connection.Domid, CancellationToken.None), hugePages: true);
        start = memory.Pointer;
        PageCount = memory.Length / StreamLimits.PageSize;
    }

    public long PageCount { get; }

    public bool FreshFramesAreZero => true;

    public byte* Frames(long gfn, long count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(gfn);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(gfn, PageCount - count);
        return start + (gfn * StreamLimits.PageSize);
    }

    public (long Start, long End) NextPopulated(long gfn)
    {
        var first = memory.NextData(gfn * StreamLimits.PageSize) / StreamLimits.PageSize;
        if (first >= PageCount)
        {
            return (PageCount, PageCount);
        }

        return (first, Math.Max(memory.NextHole(first * StreamLimits.PageSize) / StreamLimits.PageSize, first + 1));
    }

    public bool Prepare(long gfn, long count) => memory.Populate(gfn * StreamLimits.PageSize, count * StreamLimits.PageSize);

    public void EnableLogDirty()
    {
        bitmap?.Dispose();
        bitmap = connection.Map("enable_log_dirty", c => c.EnableLogDirty(connection.Domid, CancellationToken.None), hugePages: false);
    }

    public long CleanLogDirty(Span<ulong> target)
    {
        var words = (int)((PageCount + 63) / 64);
        var shared = bitmap ?? throw new HypervisorError("clean_log_dirty while it is off", LibC.EINVAL);
        var count = connection.Call("clean_log_dirty", c => c.CleanLogDirty(connection.Domid, CancellationToken.None));
        MemoryMarshal.Cast<byte, ulong>(shared.Bytes(0, words * sizeof(ulong))).CopyTo(target);
        return count;
    }

    /// <summary>A host that is gone has ended it already.</summary>
    public void DisableLogDirty()
    {
        if (bitmap is null)
        {
            return;
        }

        bitmap.Dispose();
        bitmap = null;
        try
        {
            connection.Call("disable_log_dirty", c => c.DisableLogDirty(connection.Domid, CancellationToken.None));
        }
        catch (HypervisorError error) when (error.Errno == LibC.ENOTCONN || error.Errno == LibC.ETIMEDOUT)
        {
            // The end of the connection does the same.
        }
    }

    public void Dispose()
    {
        bitmap?.Dispose();
        connection.Dispose();
        memory.DisposeLater();
    }
}
