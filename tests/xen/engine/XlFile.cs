using System.Buffers.Binary;
using System.Text;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>
/// Moves the libxc stream between xl's save file and xenopsd's suspend image. xl's file: its header and the domain's configuration,
/// then libxl's own stream, whose first record announces the libxc stream and whose others follow that stream's END.
/// </summary>
internal static class XlFile
{
    private const int CopyBytes = 1 << 20;

    /// <summary>Marker and id of the libxc image header, big-endian.</summary>
    private static ReadOnlySpan<byte> StreamStart => [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, (byte)'X', (byte)'E', (byte)'N', (byte)'F'];

    public static void Unwrap(string image, string template, string output)
    {
        using var source = File.OpenRead(image);
        using var shape = File.OpenRead(template);
        using var target = File.Create(output);
        var (from, to) = Find(shape);
        Copy(shape, 0, from, target);
        var (first, end) = Find(source);
        Copy(source, first, end, target);
        Copy(shape, to, shape.Length, target);
    }

    public static void Wrap(string file, string output)
    {
        using var source = File.OpenRead(file);
        using var target = File.Create(output);
        var (from, to) = Find(source);
        target.Write("XenSavedDomv2-\n"u8);
        WriteRecord(target, ImageRecord.Xenops, "((word_size 64))");
        WriteRecord(target, ImageRecord.Libxc, "");
        Copy(source, from, to, target);
        WriteRecord(target, ImageRecord.EndOfImage, "");
    }

    /// <summary>Where the libxc stream begins and, behind its END, ends.</summary>
    private static (long Start, long End) Find(FileStream file)
    {
        var head = new byte[Math.Min(file.Length, CopyBytes)];
        file.ReadExactly(head);
        var start = head.AsSpan().IndexOf(StreamStart);
        if (start < 0)
        {
            throw new IOException($"{file.Name}: no libxc stream");
        }

        var record = new byte[StreamFormat.RecordHeaderBytes];
        var at = (long)start + StreamFormat.ImageHeaderBytes + StreamFormat.DomainHeaderBytes;
        while (true)
        {
            file.Position = at;
            file.ReadExactly(record);
            var length = BinaryPrimitives.ReadUInt32LittleEndian(record.AsSpan(4));
            at += record.Length + length + StreamFormat.Padding(length);
            if (BinaryPrimitives.ReadUInt32LittleEndian(record) == (uint)RecordType.End)
            {
                return (start, at);
            }
        }
    }

    private static void Copy(FileStream source, long from, long to, FileStream target)
    {
        var buffer = new byte[CopyBytes];
        source.Position = from;
        while (from < to)
        {
            var part = buffer.AsSpan(0, (int)Math.Min(buffer.Length, to - from));
            source.ReadExactly(part);
            target.Write(part);
            from += part.Length;
        }
    }

    private static void WriteRecord(FileStream target, ImageRecord type, string text)
    {
        Span<byte> header = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64LittleEndian(header, (ulong)type);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], (ulong)text.Length);
        target.Write(header);
        target.Write(Encoding.ASCII.GetBytes(text));
    }
}
