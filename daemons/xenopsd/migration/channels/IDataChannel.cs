using Toolstack.Interop.Linux;

namespace Toolstack.Xenopsd.Migration.Channels;

/// <summary>
/// The bytes of a suspend image on their way to or from wherever they go: a connection, plain or encrypted, compressed or not, or a
/// file. Transfers block, so a channel belongs to a thread of its own; only <see cref="End"/> may be called from another. Raises
/// IOException: <see cref="HypervisorError"/> with the call that failed (ETIMEDOUT when the other side was silent for the deadline the
/// channel was made with), EndOfStreamException when the bytes ended too soon.
/// </summary>
public interface IDataChannel : IDisposable
{
    /// <summary>Bytes of the image moved so far, both ways.</summary>
    long Bytes { get; }

    /// <summary>Bytes that took the road for them: fewer where the channel compresses.</summary>
    long WireBytes { get; }

    /// <summary>Writes every byte of every run, in order. The runs are used up: their starts and lengths change. Their memory must
    /// stay as long as the channel does; when it changes after the call, the reader may see either state.</summary>
    void Write(Span<IoVector> runs);

    void Write(ReadOnlySpan<byte> data);

    /// <summary>Fills every run, in order. The runs are used up: their starts and lengths change.</summary>
    void Read(Span<IoVector> runs);

    /// <summary>Fills all of <paramref name="data"/>.</summary>
    void Read(Span<byte> data);

    /// <summary>What is there, one byte at least; 0 at the end.</summary>
    int ReadSome(Span<byte> data);

    /// <summary>The writer is done: what was held back leaves, a compressed stream gets its end, a file is on its disk.</summary>
    void FinishWriting();

    /// <summary>The reader is done. Raises EndOfStreamException when the channel's own framing does not end here.</summary>
    void FinishReading();

    /// <summary>Makes a transfer that blocks, and every later one, fail soon. From any thread, any number of times, after the end too.</summary>
    void End();
}
