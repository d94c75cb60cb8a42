using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Channels;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Atomics;

/// <summary>
/// A suspend image on a disk (xenops protocol: the bytes of a migration's memory stream). Its first bytes, the signature, are zeros until
/// everything else is on the disk, so that what was not finished is no image, however the writer ended.
/// </summary>
internal sealed class SuspendImage : IDataChannel
{
    private readonly string path;
    private readonly FileChannel file;
    private readonly byte[] signature = new byte[StreamFormat.ImageSignature.Length];
    private readonly byte[] zeros = new byte[StreamFormat.ImageSignature.Length];

    private SuspendImage(string path)
    {
        this.path = path;
        file = FileChannel.OpenWrite(path);
    }

    public long Bytes => file.Bytes;

    public long WireBytes => file.WireBytes;

    /// <summary>Opens a disk to be written; an image that was on it is none any more once the first byte is written. Raises Storage_backend_error.</summary>
    internal static IDataChannel Create(string path) => Opened(path, static path => new SuspendImage(path));

    /// <summary>Opens a disk to be read. Raises Storage_backend_error.</summary>
    internal static IDataChannel Open(string path) => Opened(path, FileChannel.OpenRead);

    public void Write(ReadOnlySpan<byte> data)
    {
        int held = (int)Math.Min(Math.Max(signature.Length - file.Bytes, 0), data.Length);
        if (held > 0)
        {
            data[..held].CopyTo(signature.AsSpan((int)file.Bytes));
            file.Write(zeros.AsSpan(0, held));
        }

        if (held < data.Length)
        {
            file.Write(data[held..]);
        }
    }

    public unsafe void Write(Span<IoVector> runs)
    {
        foreach (ref var run in runs)
        {
            if (file.Bytes >= signature.Length)
            {
                break;
            }

            int part = (int)Math.Min(run.Length, signature.Length);
            // SAFETY: the caller answers for the run's memory until the call returns, and part is within it.
            Write(new ReadOnlySpan<byte>(run.Start, part));
            run.Start += part;
            run.Length -= part;
        }

        file.Write(runs);
    }

    public void Read(Span<IoVector> runs) => throw new NotSupportedException();

    public void Read(Span<byte> data) => throw new NotSupportedException();

    public int ReadSome(Span<byte> data) => throw new NotSupportedException();

    /// <summary>What was written is on the disk; then the signature makes it an image.</summary>
    public void FinishWriting()
    {
        file.FinishWriting();
        using var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        RandomAccess.Write(handle, signature, 0);
        RandomAccess.FlushToDisk(handle);
    }

    public void FinishReading() => throw new NotSupportedException();

    public void End() => file.End();

    public void Dispose() => file.Dispose();

    private static IDataChannel Opened(string path, Func<string, IDataChannel> open)
    {
        try
        {
            return open(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XenopsError(new XenopsErrorValue.Storage_backend_error("SR_BACKEND_FAILURE", [path, error.Message]), error);
        }
    }
}
