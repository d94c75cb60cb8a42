using System.Buffers;

namespace Toolstack.Idl;

/// <summary>Pieces of documents in one encoding that many readers want at about the same time, as the record of a row that has just changed:
/// each is encoded once and copied from then on. The oldest are forgotten beyond a bound of number and size.</summary>
internal sealed class SharedFragments(Action<IBufferWriter<byte>, Action<ValueWriter>> encode)
{
    private const int MaxPieces = 512;
    private const int MaxBytes = 4 << 20;

    private readonly Lock gate = new();
    private readonly Dictionary<object, Lazy<byte[]>> pieces = new(ReferenceEqualityComparer.Instance);
    private readonly Queue<object> order = new();
    private long bytes;

    /// <summary>What <paramref name="write"/> writes for the key, which stands for content that never changes.</summary>
    internal byte[] Get(object key, Action<ValueWriter> write)
    {
        Lazy<byte[]>? piece;
        bool added = false;
        lock (gate)
        {
            if (!pieces.TryGetValue(key, out piece))
            {
                added = true;
                piece = new Lazy<byte[]>(() =>
                {
                    var output = new ArrayBufferWriter<byte>(1024);
                    encode(output, write);
                    return output.WrittenSpan.ToArray();
                });
                pieces.Add(key, piece);
                order.Enqueue(key);
            }
        }

        byte[] result = piece.Value;
        if (added)
        {
            Trim(result.Length);
        }

        return result;
    }

    private void Trim(int more)
    {
        lock (gate)
        {
            bytes += more;
            while ((bytes > MaxBytes || order.Count > MaxPieces) && order.TryDequeue(out object? oldest))
            {
                if (pieces.Remove(oldest, out Lazy<byte[]>? gone) && gone.IsValueCreated)
                {
                    bytes -= gone.Value.Length;
                }
            }
        }
    }
}
