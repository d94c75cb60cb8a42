using Toolstack.Hosting;
using Xunit;

namespace Toolstack.Tests.Hosting;

public sealed class AtomicFileTests
{
    [Fact]
    public void A_file_is_replaced_whole_and_nothing_else_is_left()
    {
        var directory = Directory.CreateTempSubdirectory("atomic-file");
        try
        {
            var path = Path.Combine(directory.FullName, "record");
            AtomicFile.Write(path, "old"u8);
            AtomicFile.Write(path, "new"u8, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, durable: true);
            Assert.Equal("new", File.ReadAllText(path));
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(path));
            Assert.Equal([path], Directory.GetFileSystemEntries(directory.FullName));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    [Fact]
    public void A_directory_that_is_not_there_is_an_error_and_leaves_nothing() =>
        Assert.Throws<DirectoryNotFoundException>(() => AtomicFile.Write("/nonexistent/record", "x"u8));
}
