using System.Globalization;
using Toolstack.Interop.Linux;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>How a disk of a VM's record reaches the block back end.</summary>
internal static class DiskSources
{
    private const string Physical = "phy";
    private const string File = "file";

    /// <summary>The empty drive for null. XenopsError Internal_error when there is nothing at the path. A file where the back end takes block
    /// devices alone becomes a block device by <paramref name="loop"/>.</summary>
    public static DiskSource Of(string? path, bool backEndOpensFiles, Func<string, LoopDevice> loop)
    {
        if (path is null)
        {
            return DiskSource.Empty;
        }

        if (Block(path, path) is { } block)
        {
            return block;
        }

        if (!System.IO.File.Exists(path))
        {
            throw XenopsError.Internal($"there is no disk {path}");
        }

        return backEndOpensFiles ? new DiskSource(path, File, null) : Looped(path, loop(path));
    }

    /// <summary>Nothing when it can be reached.</summary>
    public static void Require(string? path)
    {
        if (path is not null && !Path.Exists(path))
        {
            throw XenopsError.Internal($"there is no disk {path}");
        }
    }

    private static DiskSource? Block(string name, string path) => BlockDevice.NumberOf(path) is var (major, minor)
        ? new DiskSource(name, Physical, string.Create(CultureInfo.InvariantCulture, $"{major:x}:{minor:x}"))
        : null;

    /// <summary>What is named is the file; what is opened is the device.</summary>
    private static DiskSource Looped(string path, LoopDevice loop) =>
        Block(path, loop.Path) ?? throw XenopsError.Internal($"{loop.Path} is no block device");
}
