using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Xen.Hypercalls;

/// <summary>The device through which hypercalls are made. Raises <see cref="HypervisorError"/> with Xen's errno.</summary>
internal sealed unsafe class Privcmd : IDisposable
{
    private const int EfaultRetries = 3;

    private static readonly string[] Devices = ["/dev/xen/privcmd", "/proc/xen/privcmd"];

    private readonly SafeFileHandle device;

    private Privcmd(SafeFileHandle device) => this.device = device;

    /// <summary>True where a Xen is to be talked to.</summary>
    internal static bool Available => Array.Exists(Devices, File.Exists);

    internal static Privcmd Open()
    {
        var path = Array.Find(Devices, File.Exists) ?? throw new HypervisorError("open(/dev/xen/privcmd)", ENOENT);
        try
        {
            return new Privcmd(File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite));
        }
        catch (UnauthorizedAccessException)
        {
            throw new HypervisorError("open(" + path + ")", EACCES);
        }
    }

    /// <summary>Makes a hypercall and gives its value (not negative). <paramref name="name"/> is for the error only.</summary>
    internal long Call(string name, ulong number, ulong argument0, ulong argument1 = 0)
    {
        var call = new PrivcmdHypercall { Number = number, Argument0 = argument0, Argument1 = argument1 };
        for (var attempt = 0; ; attempt++)
        {
            // SAFETY: the kernel copies the argument structure before it makes the call; what the arguments point at lies in an arena.
            var result = ioctl((int)device.DangerousGetHandle(), (int)PrivcmdIoctls.Hypercall, &call);
            if (result >= 0)
            {
                return result;
            }

            // A page of the fallback arena may be on the move (compaction): once more finds it.
            if (errno != EFAULT || attempt >= EfaultRetries)
            {
                throw new HypervisorError(name, errno);
            }
        }
    }

    public void Dispose() => device.Dispose();
}
