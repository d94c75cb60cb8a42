using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Toolstack.Tests.Packaging;

/// <summary>An executable or its symbols (ELF, 64 bits, little-endian).</summary>
internal sealed class ElfFile
{
    private const string BuildIdSection = ".note.gnu.build-id";
    private const int HeaderBytes = 64;
    private const uint HasNoBytes = 8; // SHT_NOBITS
    private const ulong IsLoaded = 2; // SHF_ALLOC

    private readonly byte[] bytes;
    private readonly List<Section> sections = [];

    private ElfFile(byte[] bytes)
    {
        this.bytes = bytes;
        var start = (int)U64(40);
        int size = U16(58), count = U16(60), names = U16(62);
        var namesAt = (int)U64(start + (names * size) + 24);
        for (var index = 0; index < count; index++)
        {
            var at = start + (index * size);
            var name = bytes.AsSpan(namesAt + (int)U32(at));
            sections.Add(new Section(
                Encoding.ASCII.GetString(name[..name.IndexOf((byte)0)]), U32(at + 4), (U64(at + 8) & IsLoaded) != 0, (int)U64(at + 24), (int)U64(at + 32)));
        }
    }

    private sealed record Section(string Name, uint Type, bool Loaded, int Offset, int Size);

    /// <summary>Null when it is another kind of file, such as a script.</summary>
    internal static ElfFile? Read(string path)
    {
        var bytes = File.ReadAllBytes(path);
        return bytes.Length > HeaderBytes && bytes.AsSpan(0, 5).SequenceEqual("\u007fELF\u0002"u8) ? new ElfFile(bytes) : null;
    }

    /// <summary>In hexadecimal; what binds an executable to its symbols.</summary>
    internal string BuildId => sections.SingleOrDefault(static section => section.Name == BuildIdSection) is { } note
        ? Convert.ToHexStringLower(bytes.AsSpan(note.Offset + 16, (int)U32(note.Offset + 4))) : "";

    internal bool Has(string section) => sections.Any(one => one.Name == section && one.Type != HasNoBytes && one.Size > 0);

    /// <summary>Everything that gets into memory, by section. Its build id is left out: rpm makes one of its own that says the release.</summary>
    internal IEnumerable<string> Loaded => sections.Where(static section => section.Loaded && section.Type != HasNoBytes && section.Name != BuildIdSection)
        .Select(section => $"{section.Name} {Convert.ToHexString(SHA256.HashData(bytes.AsSpan(section.Offset, section.Size)))}");

    private ushort U16(int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(at));

    private uint U32(int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(at));

    private ulong U64(int at) => BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(at));
}
