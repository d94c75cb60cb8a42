using System.Buffers.Binary;
using Toolstack.Xenopsd.Migration.Channels;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>What a guest's graphics cards hold on a connection of its own, beside the one of its memory (xenopsd suspend image): a Demu record, after it what
/// the cards' emulators write, and the footer. Runs to its end on the caller's thread.</summary>
public static class VgpuStream
{
    private const int HeaderBytes = 16;

    /// <summary>Raises what <see cref="IDataChannel"/> raises.</summary>
    public static void Send(IDataChannel io, Action<IDataChannel> write)
    {
        ArgumentNullException.ThrowIfNull(io);
        ArgumentNullException.ThrowIfNull(write);
        var image = new ImageWriter(io);
        image.WriteDemu();
        write(io);
        image.WriteEnd();
        io.FinishWriting();
    }

    /// <summary>Raises <see cref="StreamError"/> for anything else, and what <see cref="IDataChannel"/> raises.</summary>
    public static void Receive(IDataChannel io, Action<IDataChannel> read)
    {
        ArgumentNullException.ThrowIfNull(io);
        ArgumentNullException.ThrowIfNull(read);
        Expect(io, ImageRecord.Demu);
        read(io);
        Expect(io, ImageRecord.EndOfImage);
        io.FinishReading();
    }

    private static void Expect(IDataChannel io, ImageRecord wanted)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        io.Read(header);
        var (type, length) = ((ImageRecord)BinaryPrimitives.ReadUInt64LittleEndian(header), BinaryPrimitives.ReadUInt64LittleEndian(header[8..]));
        if (type != wanted || length != 0)
        {
            throw new StreamError(StreamFault.UnexpectedRecord, $"image record 0x{(ulong)type:x4} of {length} bytes in place of {wanted}");
        }
    }
}
