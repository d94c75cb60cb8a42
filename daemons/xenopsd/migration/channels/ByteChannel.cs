using Toolstack.Interop.Linux;

namespace Toolstack.Xenopsd.Migration.Channels;

/// <summary>A channel that takes runs one after the other, in parts of bounded size.</summary>
public abstract class ByteChannel : IDataChannel
{
    /// <summary>Most bytes of a run that are moved at once.</summary>
    protected const int Part = 1 << 20;

    public long Bytes { get; protected set; }

    public virtual long WireBytes => Bytes;

    public unsafe void Write(Span<IoVector> runs)
    {
        foreach (ref var run in runs)
        {
            while (run.Length > 0)
            {
                int part = (int)Math.Min(run.Length, Part);
                // SAFETY: the caller answers for the run's memory until the call returns.
                Write(new ReadOnlySpan<byte>(run.Start, part));
                run.Start += part;
                run.Length -= part;
            }
        }
    }

    public abstract void Write(ReadOnlySpan<byte> data);

    public unsafe void Read(Span<IoVector> runs)
    {
        foreach (ref var run in runs)
        {
            while (run.Length > 0)
            {
                int part = (int)Math.Min(run.Length, Part);
                // SAFETY: as in Write.
                Read(new Span<byte>(run.Start, part));
                run.Start += part;
                run.Length -= part;
            }
        }
    }

    public void Read(Span<byte> data)
    {
        while (!data.IsEmpty)
        {
            int read = ReadSome(data);
            if (read == 0)
            {
                throw new EndOfStreamException("the bytes end inside the image");
            }

            data = data[read..];
        }
    }

    public abstract int ReadSome(Span<byte> data);

    public abstract void FinishWriting();

    /// <summary>Does nothing where a channel has no framing of its own.</summary>
    public virtual void FinishReading()
    {
    }

    public abstract void End();

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
