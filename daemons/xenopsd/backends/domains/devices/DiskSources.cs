using System.Globalization;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>How a disk of a VM's record reaches the block back end.</summary>
internal static class DiskSources
{
    private const string Physical = "phy";
    private const string File = "file";

    /// <summary>XenopsError Unimplemented for a disk of a storage repository (whoever activates it names the path it has), and for a file
    /// where the back end takes block devices alone; Internal_error when there is nothing at the path.</summary>
    public static DiskSource Of(Disk? disk, bool backEndOpensFiles)
    {
        switch (disk)
        {
            case null:
                return DiskSource.Empty;
            case Disk.Local(var path):
                if (BlockDevice.NumberOf(path) is var (major, minor))
                {
                    return new DiskSource(path, Physical, string.Create(CultureInfo.InvariantCulture, $"{major:x}:{minor:x}"));
                }

                if (!System.IO.File.Exists(path))
                {
                    throw XenopsError.Internal($"there is no disk {path}");
                }

                return backEndOpensFiles
                    ? new DiskSource(path, File, null)
                    : throw new XenopsError(new XenopsErrorValue.Unimplemented($"file {path} as a disk: it needs a loop device"));
            default:
                throw new XenopsError(new XenopsErrorValue.Unimplemented($"disk {disk}: no storage is attached"));
        }
    }
}
