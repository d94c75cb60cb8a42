using System.Buffers.Binary;

namespace Toolstack.Xenopsd.Migration.Stream;

/// <summary>One entry of an HVM context: type and instance (the vCPU, for per-vCPU state) and its bytes.</summary>
public readonly record struct HvmContextEntry(ushort Type, ushort Instance, ReadOnlyMemory<byte> Data);

/// <summary>
/// The framing of the HVM context blob (Xen public interface, hvm/save.h): entries of {type u16, instance u16, length u32, data},
/// little-endian, without padding; HEADER first, END (type 0, empty) last and nothing after it.
/// </summary>
public static class HvmContext
{
    public const ushort EndType = 0;
    public const ushort HeaderType = 1;

    private const uint FileMagic = 0x5438_1286;
    private const uint FileVersion = 1;
    private const int HeaderLength = 24; // magic, version u32; changeset u64; cpuid, gtsc_khz u32
    private const int EntryHeader = 8;

    /// <summary>Frames the entries between a HEADER and an END.</summary>
    public static byte[] Build(uint tscKhz, IReadOnlyList<HvmContextEntry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        var total = EntryHeader + HeaderLength + EntryHeader + entries.Sum(e => EntryHeader + e.Data.Length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(total, StreamLimits.MaxStateLength, nameof(entries));
        var blob = new byte[total];
        var header = blob.AsSpan(EntryHeader);
        BinaryPrimitives.WriteUInt32LittleEndian(header, FileMagic);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], FileVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(header[20..], tscKhz);
        WriteEntryHeader(blob, HeaderType, 0, HeaderLength);
        var rest = header[HeaderLength..];
        foreach (var entry in entries)
        {
            WriteEntryHeader(rest, entry.Type, entry.Instance, entry.Data.Length);
            entry.Data.Span.CopyTo(rest[EntryHeader..]);
            rest = rest[(EntryHeader + entry.Data.Length)..];
        }

        WriteEntryHeader(rest, EndType, 0, 0);
        return blob;
    }

    /// <summary>The entries between HEADER and END; raises <see cref="StreamError"/> BadBody when the framing is broken.</summary>
    public static IReadOnlyList<HvmContextEntry> Parse(ReadOnlyMemory<byte> blob)
    {
        List<HvmContextEntry> entries = [];
        var first = true;
        while (true)
        {
            var entry = Take(ref blob);
            if (first)
            {
                CheckHeader(entry);
                first = false;
            }
            else if (entry.Type == EndType)
            {
                return entry.Data.Length == 0 && blob.Length == 0
                    ? entries
                    : throw new StreamError(StreamFault.BadBody, "HVM context: bytes after END");
            }
            else
            {
                entries.Add(entry);
            }
        }
    }

    private static HvmContextEntry Take(ref ReadOnlyMemory<byte> blob)
    {
        if (blob.Length < EntryHeader)
        {
            throw new StreamError(StreamFault.BadBody, "HVM context: no END");
        }

        var span = blob.Span;
        var length = BinaryPrimitives.ReadUInt32LittleEndian(span[4..]);
        if (length > blob.Length - EntryHeader)
        {
            throw new StreamError(StreamFault.BadBody, "HVM context: entry longer than the blob");
        }

        HvmContextEntry entry = new(
            BinaryPrimitives.ReadUInt16LittleEndian(span),
            BinaryPrimitives.ReadUInt16LittleEndian(span[2..]),
            blob.Slice(EntryHeader, (int)length));
        blob = blob[(EntryHeader + (int)length)..];
        return entry;
    }

    private static void CheckHeader(HvmContextEntry entry)
    {
        if (entry.Type != HeaderType
            || entry.Data.Length != HeaderLength
            || BinaryPrimitives.ReadUInt32LittleEndian(entry.Data.Span) != FileMagic)
        {
            throw new StreamError(StreamFault.BadBody, "HVM context: no HEADER at its start");
        }
    }

    private static void WriteEntryHeader(Span<byte> target, ushort type, ushort instance, int length)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(target, type);
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], instance);
        BinaryPrimitives.WriteInt32LittleEndian(target[4..], length);
    }
}
