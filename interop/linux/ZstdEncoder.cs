namespace Toolstack.Interop.Linux;

/// <summary>Turns bytes into one zstd frame, a piece at a time. Not thread-safe. Raises IOException and DllNotFoundException.</summary>
/// <remarks>Input is copied into the library's window before it is compressed, so it may change at any time without harm to the frame.</remarks>
public sealed unsafe class ZstdEncoder : IDisposable
{
    private const int LevelParameter = 100; // ZSTD_c_compressionLevel of zstd.h
    private const int Continue = 0; // ZSTD_e_continue
    private const int EndOfFrame = 2; // ZSTD_e_end
    private nint _context;

    /// <param name="level">Negative levels are the fast ones.</param>
    public ZstdEncoder(int level)
    {
        _context = Zstd.CreateCompressor();
        if (_context == 0)
        {
            throw new HypervisorError("ZSTD_createCCtx", Tmds.Linux.LibC.ENOMEM);
        }

        _ = Zstd.Checked(Zstd.SetParameter(_context, LevelParameter, level));
    }

    /// <summary>Takes some of the input and gives some output; both may be less than there is room for.</summary>
    public (int Taken, int Given) Encode(ReadOnlySpan<byte> input, Span<byte> output)
    {
        var (taken, given, _) = Step(input, output, Continue);
        return (taken, given);
    }

    /// <summary>Ends the frame: gives output until nothing is left (Done).</summary>
    public (int Given, bool Done) Finish(Span<byte> output)
    {
        var (_, given, left) = Step([], output, EndOfFrame);
        return (given, left == 0);
    }

    public void Dispose()
    {
        if (_context != 0)
        {
            _ = Zstd.FreeCompressor(_context);
            _context = 0;
        }
    }

    private (int Taken, int Given, nuint Left) Step(ReadOnlySpan<byte> input, Span<byte> output, int end)
    {
        ObjectDisposedException.ThrowIf(_context == 0, this);
        // SAFETY: both buffers are pinned for the call, which keeps neither.
        fixed (byte* from = input)
        fixed (byte* to = output)
        {
            Zstd.Buffer source = new() { Start = from, Size = (nuint)input.Length };
            Zstd.Buffer target = new() { Start = to, Size = (nuint)output.Length };
            var left = Zstd.Checked(Zstd.Compress(_context, &target, &source, end));
            return ((int)source.Position, (int)target.Position, left);
        }
    }
}
