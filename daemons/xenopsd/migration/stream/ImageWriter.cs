using System.Buffers.Binary;
using System.Text;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>Writes the suspend image around the libxc stream (xenopsd suspend image): signature, then records of
/// {type u64, length u64, body}, little-endian, without padding.</summary>
internal sealed class ImageWriter(IDataChannel io)
{
    /// <summary>Signature and metadata record.</summary>
    public void WriteStart(string vmDescription)
    {
        io.Write(StreamFormat.ImageSignature);
        var text = $"((time {DateTimeOffset.UtcNow:yyyyMMdd'T'HH:mm:ss'Z'})(word_size 64)(vm_str {Sexp.Quote(vmDescription)})(xs_subtree ()))";
        Write(ImageRecord.Xenops, Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The record after which the libxc stream follows up to its END.</summary>
    public void WriteLibxc() => Write(ImageRecord.Libxc, []);

    /// <summary>The record after which what the guest's graphics cards hold follows.</summary>
    public void WriteDemu() => Write(ImageRecord.Demu, []);

    public void WriteEnd() => Write(ImageRecord.EndOfImage, []);

    internal void Write(ImageRecord type, ReadOnlySpan<byte> body)
    {
        var record = new byte[16 + body.Length];
        BinaryPrimitives.WriteUInt64LittleEndian(record, (ulong)type);
        BinaryPrimitives.WriteUInt64LittleEndian(record.AsSpan(8), (ulong)body.Length);
        body.CopyTo(record.AsSpan(16));
        io.Write(record);
    }
}
