using Toolstack.Interop.Linux;

namespace Toolstack.Xenopsd.Migration.Channels;

/// <summary>Compresses what goes through another channel: one zstd frame for the whole of it (xenops protocol, <c>compress=zstd</c>).
/// Owns the inner channel.</summary>
public sealed class ZstdChannel(IDataChannel inner) : ByteChannel
{
    /// <summary>As the original's compressor is called: faster than it is thorough.</summary>
    private const int Level = -1;

    private const int BufferBytes = 1 << 20;

    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes);
    private ZstdEncoder? _encoder;
    private ZstdDecoder? _decoder;
    private int _start;
    private int _end;

    public override long WireBytes => inner.WireBytes;

    public override void Write(ReadOnlySpan<byte> data)
    {
        _encoder ??= new ZstdEncoder(Level);
        Bytes += data.Length;
        while (!data.IsEmpty)
        {
            var (taken, given) = _encoder.Encode(data, _buffer.AsSpan(_end));
            data = data[taken..];
            _end += given;
            if (_end == _buffer.Length)
            {
                Drain();
            }
        }
    }

    public override int ReadSome(Span<byte> data)
    {
        _decoder ??= new ZstdDecoder();
        while (!_decoder.Ended)
        {
            var (taken, given) = _decoder.Decode(_buffer.AsSpan(_start, _end - _start), data);
            _start += taken;
            if (given > 0)
            {
                Bytes += given;
                return given;
            }

            if (!_decoder.Ended && _start == _end)
            {
                Fill();
            }
        }

        return 0;
    }

    public override void FinishWriting()
    {
        _encoder ??= new ZstdEncoder(Level);
        bool done = false;
        while (!done)
        {
            (int given, done) = _encoder.Finish(_buffer.AsSpan(_end));
            _end += given;
            Drain();
        }

        inner.FinishWriting();
    }

    public override void FinishReading()
    {
        if (ReadSome(stackalloc byte[1]) != 0)
        {
            throw new EndOfStreamException("the compressed stream goes on after the image");
        }

        inner.FinishReading();
    }

    public override void End() => inner.End();

    protected override void Dispose(bool disposing)
    {
        _encoder?.Dispose();
        _decoder?.Dispose();
        inner.Dispose();
    }

    private void Drain()
    {
        inner.Write(_buffer.AsSpan(0, _end));
        _end = 0;
    }

    private void Fill()
    {
        _start = 0;
        _end = inner.ReadSome(_buffer);
        if (_end == 0)
        {
            throw new EndOfStreamException("the compressed stream ends before its end mark");
        }
    }
}
