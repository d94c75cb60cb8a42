using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Toolstack.XenSimulator.Devices;

/// <summary>One request of a block ring: up to <see cref="DeviceLimits.BlockBytes"/> at a sector. The answer is true for success.</summary>
internal sealed record BlockRequest(bool IsWrite, long Sector, Memory<byte> Buffer)
{
    internal TaskCompletionSource<bool> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
}

/// <summary>The ring a block front end shares with its back end. Grants being simulated, it is a bounded queue in memory.</summary>
internal sealed class BlockRing
{
    private readonly Channel<BlockRequest> requests = Channel.CreateBounded<BlockRequest>(DeviceLimits.RingSlots);

    internal ChannelReader<BlockRequest> Requests => requests.Reader;

    /// <summary>Waits for a slot and for the answer; false when the request failed or either end is closed.</summary>
    internal async Task<bool> CallAsync(BlockRequest request, CancellationToken cancel)
    {
        try
        {
            await requests.Writer.WriteAsync(request, cancel).ConfigureAwait(false);
        }
        catch (ChannelClosedException)
        {
            return false;
        }

        return await request.Answer.Task.WaitAsync(cancel).ConfigureAwait(false);
    }

    /// <summary>No more requests; those without an answer fail.</summary>
    internal void Close()
    {
        requests.Writer.TryComplete();
        while (requests.Reader.TryRead(out var left))
        {
            left.Answer.TrySetResult(false);
        }
    }
}

/// <summary>Which ring a grant reference of a domain stands for: the grant tables of one host, as far as its devices use them.</summary>
internal sealed class GrantTables
{
    private const int FirstFree = 8; // the lower ones are reserved

    private readonly ConcurrentDictionary<(int Domid, int Reference), BlockRing> rings = [];
    private int last = FirstFree;

    internal int Grant(int domid, BlockRing ring)
    {
        var reference = Interlocked.Increment(ref last);
        rings[(domid, reference)] = ring;
        return reference;
    }

    internal void Revoke(int domid, int reference) => rings.TryRemove((domid, reference), out _);

    internal BlockRing? Map(int domid, int reference) => rings.GetValueOrDefault((domid, reference));
}
