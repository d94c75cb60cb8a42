using System.Buffers;
using System.Text;

namespace Toolstack.Interop.Xen.Xenstore;

/// <summary>Messages on their way out, one after the other in one piece of memory that is given back while there are none.</summary>
internal sealed class XenstoreBuffer
{
    private const int FirstBytes = 1024;

    private byte[] bytes = [];

    internal int Length { get; private set; }

    internal ReadOnlyMemory<byte> Written => bytes.AsMemory(0, Length);

    /// <summary>Adds a message whose payload is words, each ended by a NUL, then <paramref name="tail"/> as it is.</summary>
    internal void Append(XenstoreOperation operation, uint requestId, uint transactionId, ReadOnlySpan<string> words, ReadOnlySpan<byte> tail)
    {
        var payload = PayloadBytes(words) + tail.Length;
        var message = Take(operation, requestId, transactionId, payload);
        foreach (var word in words)
        {
            var count = Encoding.UTF8.GetBytes(word, message);
            message[count] = 0;
            message = message[(count + 1)..];
        }

        tail.CopyTo(message);
    }

    internal void Clear()
    {
        Length = 0;
        if (bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(bytes);
            bytes = [];
        }
    }

    internal static int PayloadBytes(ReadOnlySpan<string> words)
    {
        var sum = 0;
        foreach (var word in words)
        {
            sum += Encoding.UTF8.GetByteCount(word) + 1;
        }

        return sum;
    }

    private Span<byte> Take(XenstoreOperation operation, uint requestId, uint transactionId, int payload)
    {
        var needed = Length + XenstoreLimits.HeaderBytes + payload;
        if (needed > bytes.Length)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, Math.Max(FirstBytes, bytes.Length * 2)));
            bytes.AsSpan(0, Length).CopyTo(larger);
            if (bytes.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }

            bytes = larger;
        }

        new XenstoreHeader(operation, requestId, transactionId, payload).WriteTo(bytes.AsSpan(Length));
        var at = Length + XenstoreLimits.HeaderBytes;
        Length = needed;
        return bytes.AsSpan(at, payload);
    }
}
