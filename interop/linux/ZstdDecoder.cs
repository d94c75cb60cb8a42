namespace Toolstack.Interop.Linux;

/// <summary>Reads one zstd frame, a piece at a time; its window is at most 128 MiB, the library's own limit. Not thread-safe. Raises
/// IOException for what is no frame, and DllNotFoundException.</summary>
public sealed unsafe class ZstdDecoder : IDisposable
{
    private nint _context = Zstd.CreateDecompressor();

    /// <summary>The frame has ended: every byte of it was given, and its checksum, if it has one, was right.</summary>
    public bool Ended { get; private set; }

    /// <summary>Takes some of the input and gives some output. Never takes a byte that follows the frame.</summary>
    public (int Taken, int Given) Decode(ReadOnlySpan<byte> input, Span<byte> output)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        // SAFETY: both buffers are pinned for the call, which keeps neither.
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            Zstd.Buffer source = new() { Start = from, Size = (nuint)input.Length };
            Zstd.Buffer target = new() { Start = to, Size = (nuint)output.Length };
            Ended = Zstd.Checked(Zstd.Decompress(_context, &target, &source)) == 0;
            return ((int)source.Position, (int)target.Position);
        }
    }

    public void Dispose()
    {
        if (_context != 0)
        {
            _ = Zstd.FreeDecompressor(_context);
            _context = 0;
        }
    }
}
