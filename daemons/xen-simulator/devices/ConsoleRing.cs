using System.Buffers.Binary;

namespace Toolstack.XenSimulator.Devices;

/// <summary>
/// A console's ring page (Xen public headers, io/console.h): 1024 bytes towards the guest, 2048 from it, and four indices that run
/// freely, each written by one side only: in_cons, in_prod, out_cons, out_prod.
/// </summary>
internal static class ConsoleRing
{
    internal const int OutBytes = 2048;
    internal const int Out = 1024;
    internal const int OutConsumed = 3080;
    internal const int OutProduced = 3084;

    /// <summary>The guest's side: puts in what there is room for and gives its length.</summary>
    internal static int Write(Span<byte> page, ReadOnlySpan<byte> text)
    {
        var (consumed, produced) = Indices(page);
        var taken = Math.Min(text.Length, OutBytes - (int)(produced - consumed));
        for (var i = 0; i < taken; i++)
        {
            page[Out + (int)((produced + (uint)i) % OutBytes)] = text[i];
        }

        // The other side may look at the page at any time: what it finds below the index must be there.
        Interlocked.MemoryBarrier();
        BinaryPrimitives.WriteUInt32LittleEndian(page[OutProduced..], produced + (uint)taken);
        return taken;
    }

    /// <summary>The host's side: takes out all there is. Indices that make no sense count as an empty ring.</summary>
    internal static byte[] Drain(Span<byte> page)
    {
        var (consumed, produced) = Indices(page);
        Interlocked.MemoryBarrier();
        var text = new byte[produced - consumed];
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = page[Out + (int)((consumed + (uint)i) % OutBytes)];
        }

        BinaryPrimitives.WriteUInt32LittleEndian(page[OutConsumed..], produced);
        return text;
    }

    private static (uint Consumed, uint Produced) Indices(ReadOnlySpan<byte> page)
    {
        var consumed = BinaryPrimitives.ReadUInt32LittleEndian(page[OutConsumed..]);
        var produced = BinaryPrimitives.ReadUInt32LittleEndian(page[OutProduced..]);
        return produced - consumed > OutBytes ? (produced, produced) : (consumed, produced);
    }
}
