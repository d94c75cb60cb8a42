namespace Toolstack.Hosting;

/// <summary>Writes a file so that a reader, or a restart after a crash, sees the old content or the new, never a part.</summary>
public static class AtomicFile
{
    /// <summary>Replaces <paramref name="path"/> with <paramref name="content"/>: a temporary file in the same directory is written,
    /// flushed to the disk when <paramref name="durable"/>, and renamed over it. Raises <see cref="IOException"/> or
    /// <see cref="UnauthorizedAccessException"/>; the old content then still stands.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content,
        UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite, bool durable = false)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        try
        {
            var options = new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Share = FileShare.ReadWrite, // nobody else knows its name: a lock would only cost system calls
                BufferSize = 0,
                UnixCreateMode = mode,
            };
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: durable);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
