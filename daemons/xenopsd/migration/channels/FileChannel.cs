using Microsoft.Win32.SafeHandles;
using Toolstack.Interop.Linux;

namespace Toolstack.Xenopsd.Migration.Channels;

/// <summary>A file or a block device, from its first byte on: a suspend image on storage. What was written is on its disk when
/// <see cref="FinishWriting"/> returns.</summary>
public sealed class FileChannel : IDataChannel
{
    private readonly SafeFileHandle _file;
    private volatile bool _ended;

    private FileChannel(SafeFileHandle file) => _file = file;

    public long Bytes { get; private set; }

    public long WireBytes => Bytes;

    /// <summary>Opens an existing file or device to be written from its start. Raises IOException or UnauthorizedAccessException.</summary>
    public static FileChannel OpenWrite(string path) => new(File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.Read));

    public static FileChannel OpenRead(string path) => new(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read));

    public unsafe void Write(Span<IoVector> runs)
    {
        foreach (ref var run in runs)
        {
            while (run.Length > 0)
            {
                int part = (int)Math.Min(run.Length, int.MaxValue);
                // SAFETY: the caller answers for the run's memory until the call returns.
                Write(new ReadOnlySpan<byte>(run.Start, part));
                run.Start += part;
                run.Length -= part;
            }
        }
    }

    public void Write(ReadOnlySpan<byte> data)
    {
        ThrowIfEnded();
        RandomAccess.Write(_file, data, Bytes);
        Bytes += data.Length;
    }

    public unsafe void Read(Span<IoVector> runs)
    {
        foreach (ref var run in runs)
        {
            while (run.Length > 0)
            {
                int part = (int)Math.Min(run.Length, int.MaxValue);
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
            ThrowIfEnded();
            int read = RandomAccess.Read(_file, data, Bytes);
            if (read == 0)
            {
                throw new EndOfStreamException("the file ends inside the image");
            }

            Bytes += read;
            data = data[read..];
        }
    }

    public void FinishWriting()
    {
        ThrowIfEnded();
        RandomAccess.FlushToDisk(_file);
    }

    public void FinishReading()
    {
        // A device is longer than the image on it.
    }

    public void End() => _ended = true;

    public void Dispose() => _file.Dispose();

    private void ThrowIfEnded()
    {
        if (_ended)
        {
            throw new IOException("the transfer was ended");
        }
    }
}
