using System.Buffers.Binary;

namespace Toolstack.Hosting;

/// <summary>Which build this is: the id that the linker makes of an executable's content (ELF note NT_GNU_BUILD_ID), the one that debug
/// information is found by. Two builds of the same source have the same.</summary>
public static class BuildId
{
    private const int HeaderBytes = 64;
    private const int ProgramHeaderBytes = 56;
    private const int MaxNotesBytes = 4096;
    private const uint NoteSegment = 4;
    private const uint GnuBuildId = 3;

    /// <summary>40 hexadecimal digits, or "unknown" where the linker made none.</summary>
    public static string Of(string executable = "/proc/self/exe")
    {
        using var file = File.OpenRead(executable);
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (file.ReadAtLeast(header, HeaderBytes, throwOnEndOfStream: false) < HeaderBytes || !header.StartsWith("\u007fELF\u0002\u0001"u8))
        {
            return "unknown";
        }

        var offset = BinaryPrimitives.ReadInt64LittleEndian(header[32..]);
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header[56..]);
        Span<byte> segment = stackalloc byte[ProgramHeaderBytes];
        var notes = new byte[MaxNotesBytes];
        for (var index = 0; index < count; index++)
        {
            file.Position = offset + (index * ProgramHeaderBytes);
            if (file.ReadAtLeast(segment, ProgramHeaderBytes, throwOnEndOfStream: false) < ProgramHeaderBytes)
            {
                break;
            }

            if (BinaryPrimitives.ReadUInt32LittleEndian(segment) != NoteSegment)
            {
                continue;
            }

            file.Position = BinaryPrimitives.ReadInt64LittleEndian(segment[8..]);
            var length = (int)Math.Min(MaxNotesBytes, BinaryPrimitives.ReadInt64LittleEndian(segment[32..]));
            if (Find(notes.AsSpan(0, file.ReadAtLeast(notes.AsSpan(0, length), length, throwOnEndOfStream: false))) is { } found)
            {
                return found;
            }
        }

        return "unknown";
    }

    /// <summary>Notes: length of the name, of the description, a type, then both, each filled up to four bytes.</summary>
    private static string? Find(ReadOnlySpan<byte> notes)
    {
        while (notes.Length >= 12)
        {
            var name = Aligned(BinaryPrimitives.ReadUInt32LittleEndian(notes));
            var description = BinaryPrimitives.ReadUInt32LittleEndian(notes[4..]);
            var type = BinaryPrimitives.ReadUInt32LittleEndian(notes[8..]);
            if (12 + name + Aligned(description) > notes.Length)
            {
                return null;
            }

            if (type == GnuBuildId && notes[12..].StartsWith("GNU\0"u8))
            {
                return Convert.ToHexStringLower(notes.Slice((int)(12 + name), (int)description));
            }

            notes = notes[(int)(12 + name + Aligned(description))..];
        }

        return null;
    }

    private static long Aligned(uint length) => ((long)length + 3) & ~3L;
}
