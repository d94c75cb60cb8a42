using Microsoft.Win32.SafeHandles;

namespace Toolstack.Xenopsd.Migration.Channels;

/// <summary>A file or a block device, from its first byte on: a suspend image on storage. What was written is on its disk when
/// <see cref="FinishWriting"/> returns.</summary>
public sealed class FileChannel : ByteChannel
{
    private readonly SafeFileHandle _file;
    private volatile bool _ended;

    private FileChannel(SafeFileHandle file) => _file = file;

    /// <summary>Opens an existing file or device to be written from its start. Raises IOException or UnauthorizedAccessException.</summary>
    public static FileChannel OpenWrite(string path) => new(File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.Read));

    public static FileChannel OpenRead(string path) => new(File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read));

    public override void Write(ReadOnlySpan<byte> data)
    {
        ThrowIfEnded();
        RandomAccess.Write(_file, data, Bytes);
        Bytes += data.Length;
    }

    public override int ReadSome(Span<byte> data)
    {
        ThrowIfEnded();
        int read = RandomAccess.Read(_file, data, Bytes);
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
