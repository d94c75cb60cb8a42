using System.Globalization;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>How a disk of a VM's record reaches the block back end.</summary>
internal static class DiskSources
{
    private const string Physical = "phy";
    private const string File = "file";

    /// <summary>XenopsError Unimplemented for a disk of a storage repository (whoever activates it names the path it has); Internal_error when
    /// there is nothing at the path. A file where the back end takes block devices alone becomes a block device by <paramref name="loop"/>.</summary>
    public static DiskSource Of(Disk? disk, bool backEndOpensFiles, Func<string, LoopDevice>? loop = null)
    {
        switch (disk)
        {
            case null:
                return DiskSource.Empty;
            case Disk.Local(var path):
                if (Block(path, path) is { } block)
                {
                    return block;
                }

                if (!System.IO.File.Exists(path))
                {
                    throw XenopsError.Internal($"there is no disk {path}");
                }

                return backEndOpensFiles ? new DiskSource(path, File, null)
                    : loop is null ? throw new XenopsError(new XenopsErrorValue.Unimplemented($"file {path} as the medium of a drive: it needs a loop device"))
                    : Looped(path, loop(path));
            default:
                throw new XenopsError(new XenopsErrorValue.Unimplemented($"disk {disk}: no storage is attached"));
        }
    }

    private static DiskSource? Block(string name, string path) => BlockDevice.NumberOf(path) is var (major, minor)
        ? new DiskSource(name, Physical, string.Create(CultureInfo.InvariantCulture, $"{major:x}:{minor:x}"))
        : null;

    /// <summary>What is named is the file; what is opened is the device.</summary>
    private static DiskSource Looped(string path, LoopDevice loop) =>
        Block(path, loop.Path) ?? throw XenopsError.Internal($"{loop.Path} is no block device");
}
