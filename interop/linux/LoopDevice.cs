using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>
/// A file as a block device (loop(4)). The kernel gives the device up with its last opener: this object holds it until it is disposed,
/// and whoever opened it meanwhile as long as he likes, so that nothing is left behind by a process that dies.
/// Raises <see cref="HypervisorError"/>: ENOENT for a missing file, EBUSY when no device could be had.
/// </summary>
public sealed unsafe class LoopDevice : IDisposable
{
    private const string Control = "/dev/loop-control";
    private const int Attempts = 16;

    private readonly SafeFileHandle device;

    private LoopDevice(string path, SafeFileHandle device)
    {
        Path = path;
        this.device = device;
    }

    /// <summary>For example <c>/dev/loop0</c>.</summary>
    public string Path { get; }

    /// <summary>Takes a free device for the file. Its blocks bypass the page cache where the file's system can do that, so that another
    /// host that reads the file sees what was written.</summary>
    public static LoopDevice Attach(string file, bool readOnly)
    {
        using var backing = Open(file, readOnly ? FileAccess.Read : FileAccess.ReadWrite);
        using var control = Open(Control, FileAccess.ReadWrite);
        for (int attempt = 0; ; attempt++)
        {
            // SAFETY: the request takes no argument.
            int number = ioctl((int)control.DangerousGetHandle(), LoopRequests.GetFree, 0);
            if (number < 0)
            {
                throw HypervisorError.Last("LOOP_CTL_GET_FREE");
            }

            string path = $"/dev/loop{number}";
            var device = Open(path, readOnly ? FileAccess.Read : FileAccess.ReadWrite);
            LoopConfiguration configuration = new()
            {
                File = (uint)backing.DangerousGetHandle(),
                Flags = LoopConfiguration.AutoClear | LoopConfiguration.DirectIo | (readOnly ? LoopConfiguration.ReadOnly : 0),
            };

            // SAFETY: the kernel reads the local structure, which has the size it expects, and keeps no pointer to it.
            if (ioctl((int)device.DangerousGetHandle(), LoopRequests.Configure, &configuration) == 0)
            {
                return new LoopDevice(path, device);
            }

            var error = HypervisorError.Last($"LOOP_CONFIGURE {path}");
            device.Dispose();

            // Somebody else took the number between the two calls.
            if (error.Errno != EBUSY || attempt == Attempts)
            {
                throw error;
            }
        }
    }

    public void Dispose() => device.Dispose();

    private static SafeFileHandle Open(string path, FileAccess access)
    {
        try
        {
            return File.OpenHandle(path, FileMode.Open, access, FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new HypervisorError($"open({path})", ENOENT);
        }
        catch (UnauthorizedAccessException)
        {
            throw new HypervisorError($"open({path})", EACCES);
        }
    }
}

/// <summary>Numbers of the ioctls (linux/loop.h).</summary>
internal static class LoopRequests
{
    internal const int GetFree = 0x4c82;
    internal const int Configure = 0x4c0a;
}

/// <summary>What a device is set up with (struct loop_config; the flags stand in the loop_info64 inside).</summary>
[StructLayout(LayoutKind.Explicit, Size = 304)]
internal struct LoopConfiguration
{
    internal const uint ReadOnly = 1;
    internal const uint AutoClear = 4;
    internal const uint DirectIo = 16;

    [FieldOffset(0)] internal uint File;
    [FieldOffset(4)] internal uint BlockSize;
    [FieldOffset(60)] internal uint Flags;
}
