using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>
/// Disks that forget what is written to them: from the start of a guest to its end it has a copy beside the disk, which shares the
/// disk's blocks where the file system can. The copy is where every host finds it that sees the disk.
/// </summary>
internal static class VolatileDisks
{
    private const string Suffix = ".volatile";

    /// <summary>What a guest has for a disk: the copy when there is one.</summary>
    public static string Opened(string path) => File.Exists(path + Suffix) ? path + Suffix : path;

    /// <summary>Makes the copy anew. XenopsError Unimplemented for a disk that is no file, IO_error when there is no room.</summary>
    public static void Begin(string path, CancellationToken cancel)
    {
        if (BlockDevice.NumberOf(path) is not null)
        {
            throw new XenopsError(new XenopsErrorValue.Unimplemented($"{path}: a block device that forgets what is written to it"));
        }

        bool whole = false;
        try
        {
            using var from = File.OpenHandle(path);
            using var to = File.OpenHandle(path + Suffix, FileMode.Create, FileAccess.ReadWrite);
            SparseFile.Copy(from, to, cancel);
            whole = true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or HypervisorError)
        {
            throw new XenopsError(new XenopsErrorValue.IO_error(), error);
        }
        finally
        {
            if (!whole)
            {
                End(path);
            }
        }
    }

    /// <summary>Nothing when there is no copy.</summary>
    public static void End(string path)
    {
        try
        {
            File.Delete(path + Suffix);
        }
        catch (DirectoryNotFoundException)
        {
            // The disk went too.
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new XenopsError(new XenopsErrorValue.IO_error(), error);
        }
    }
}
