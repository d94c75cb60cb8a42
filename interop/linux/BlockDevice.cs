using System.Text;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>Block devices as the file system names them (stat(2)).</summary>
public static unsafe class BlockDevice
{
    /// <summary>Major and minor number of the block device at <paramref name="path"/>, links followed; null for anything that is none.</summary>
    public static (int Major, int Minor)? NumberOf(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var name = Encoding.UTF8.GetBytes(path + '\0');
        stat found;

        // SAFETY: the name ends with a zero byte and stays pinned for the call; the result is written to a local of the right size.
        fixed (byte* start = name)
        {
            if (LibC.stat(start, &found) != 0 || ((int)found.st_mode & (int)S_IFMT) != (int)S_IFBLK)
            {
                return null;
            }
        }

        var device = (ulong)found.st_rdev;
        return ((int)((device >> 8 & 0xfff) | (device >> 32 & ~0xfffUL)), (int)((device & 0xff) | (device >> 12 & ~0xffUL)));
    }
}
