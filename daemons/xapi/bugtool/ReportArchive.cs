using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace Toolstack.Xapi.Bugtool;

/// <summary>Texts as files of one compressed archive, which only its owner may read.</summary>
internal static class ReportArchive
{
    private const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Raises IOException or UnauthorizedAccessException; an archive that exists is not touched.</summary>
    internal static void Write(string path, IEnumerable<(string Name, string Text)> parts)
    {
        using var file = new FileStream(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = Private });
        using var compressed = new GZipStream(file, CompressionLevel.Optimal);
        using var archive = new TarWriter(compressed, TarEntryFormat.Pax);
        foreach ((string name, string text) in parts)
        {
            archive.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "bugtool/" + name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)), Mode = Private });
        }
    }
}
