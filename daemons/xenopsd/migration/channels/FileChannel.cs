using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace Toolstack.Xenopsd.Migration.Channels;

/// <summary>A file or a block device, from its first byte on: a suspend image on storage. What was written is on its disk when
/// <see cref="FinishWriting"/> returns.</summary>
public sealed class FileChannel : ByteChannel
{
    private readonly SafeFileHandle _file;
    private volatile bool _ended;

    // Where a guest's frames pass through once the file system has refused them: one that pins the pages it is given (9p, FUSE) cannot
    // take memory that belongs to another domain.
    private byte[]? _copy;

    private FileChannel(SafeFileHandle file) => _file = file;

    /// <summary>Opens an existing file or device to be written from its start. Raises IOException or UnauthorizedAccessException.</summary>
    public static FileChannel OpenWrite(string path) => new(File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.Read));

    public static FileChannel OpenRead(string path) => new(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read));

    public override void Write(ReadOnlySpan<byte> data)
    {
        ThrowIfEnded();
        if (_copy is null)
        {
            try
            {
                RandomAccess.Write(_file, data, Bytes);
                Bytes += data.Length;
                return;
            }
            catch (IOException error) when (error.HResult == LibC.EFAULT)
            {
                _copy = new byte[Part];
            }
        }

        for (; !data.IsEmpty; data = data[Math.Min(Part, data.Length)..])
        {
            var part = _copy.AsSpan(0, Math.Min(Part, data.Length));
            data[..part.Length].CopyTo(part);
            RandomAccess.Write(_file, part, Bytes);
            Bytes += part.Length;
        }
    }

    public override int ReadSome(Span<byte> data)
    {
        ThrowIfEnded();
        if (_copy is null)
        {
            try
            {
                int direct = RandomAccess.Read(_file, data, Bytes);
                Bytes += direct;
                return direct;
            }
            catch (IOException error) when (error.HResult == LibC.EFAULT)
            {
                _copy = new byte[Part];
            }
        }

        var part = _copy.AsSpan(0, Math.Min(Part, data.Length));
        int read = RandomAccess.Read(_file, part, Bytes);
        part[..read].CopyTo(data);
        Bytes += read;
        return read;
    }

    public override void FinishWriting()
    {
        ThrowIfEnded();
        RandomAccess.FlushToDisk(_file);
    }

    public override void End() => _ended = true;

    protected override void Dispose(bool disposing) => _file.Dispose();

    private void ThrowIfEnded()
    {
        if (_ended)
        {
            throw new IOException("the transfer was ended");
        }
    }
}
