using System.Diagnostics;
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

    private static readonly ActivitySource Spans = new("hypercall");

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
    internal long Call(string name, ulong number, ulong argument0, ulong argument1 = 0, ulong argument2 = 0, ulong argument3 = 0)
    {
        // One for each hypercall of an operation that is traced; where nobody traces, a look at a field.
        using var span = Spans.HasListeners() && Activity.Current is not null ? Spans.StartActivity("hypercall " + name, ActivityKind.Client) : null;
        var call = new PrivcmdHypercall
        {
            Number = number, Argument0 = argument0, Argument1 = argument1, Argument2 = argument2, Argument3 = argument3,
        };
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

    /// <summary>Any other call of the device; gives its errno, 0 for success. The argument is the kernel's structure for that number.</summary>
    internal int Control(uint number, void* argument)
    {
        // SAFETY: the caller answers for the argument; this object keeps the device open.
        return ioctl((int)device.DangerousGetHandle(), (int)number, argument) < 0 ? errno : 0;
    }

    /// <summary>Address space that <see cref="Control"/> can put frames into; at <paramref name="address"/>, replacing what is there,
    /// or where the kernel likes when that is null.</summary>
    internal byte* Reserve(byte* address, long length, bool writable)
    {
        var protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
        // SAFETY: a fixed address lies in space that the caller has reserved for this; otherwise nothing existing is replaced.
        var mapped = mmap(
            address, (size_t)(ulong)length, protection, address is null ? MAP_SHARED : MAP_SHARED | MAP_FIXED, (int)device.DangerousGetHandle(), 0);
        return mapped == MAP_FAILED ? throw new HypervisorError("mmap(privcmd)", errno) : (byte*)mapped;
    }

    public void Dispose() => device.Dispose();
}
