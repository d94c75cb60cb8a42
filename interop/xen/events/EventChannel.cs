using System.Diagnostics;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Abi;

namespace Toolstack.Interop.Xen.Events;

/// <summary>
/// One event channel to another domain (Linux, /dev/xen/evtchn). It owns its port: the device is opened for this port alone, so closing it,
/// by Dispose or by the end of the process, unbinds the port. One thread waits; any may notify. Raises <see cref="HypervisorError"/>.
/// </summary>
public sealed unsafe class EventChannel : IDisposable
{
    private const string Device = "/dev/xen/evtchn";

    private readonly SafeFileHandle device;

    private EventChannel(SafeFileHandle device, uint port)
    {
        this.device = device;
        Port = port;
    }

    /// <summary>The port on this side.</summary>
    public uint Port { get; }

    /// <summary>Binds to a port which that domain keeps for this one: EINVAL when it does not.</summary>
    public static EventChannel Bind(int domid, uint remotePort)
    {
        var device = Open();
        try
        {
            BindInterdomainLayout argument = new() { RemoteDomain = (uint)domid, RemotePort = remotePort };
            // SAFETY: the kernel copies the argument before the call returns.
            var port = LibC.ioctl((int)device.DangerousGetHandle(), (int)EventChannelIoctls.BindInterdomain, &argument);
            return port >= 0 ? new EventChannel(device, (uint)port) : throw new HypervisorError("evtchn bind_interdomain", LibC.errno);
        }
        catch
        {
            device.Dispose();
            throw;
        }
    }

    public void Notify()
    {
        var port = Port;
        // SAFETY: as in Bind.
        if (LibC.ioctl(Descriptor(), (int)EventChannelIoctls.Notify, &port) < 0)
        {
            throw new HypervisorError("evtchn notify", LibC.errno);
        }
    }

    /// <summary>Waits for the next event and acknowledges it; false when none came in time. Events that came together are one.</summary>
    public bool Wait(TimeSpan timeout)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var left = timeout - Stopwatch.GetElapsedTime(start);
            pollfd wait = new() { fd = Descriptor(), events = (short)LibC.POLLIN };
            // SAFETY: one entry, on this frame.
            var ready = LibC.poll(&wait, 1, (int)Math.Clamp(Math.Ceiling(left.TotalMilliseconds), 0, int.MaxValue));
            if (ready > 0)
            {
                Acknowledge();
                return true;
            }

            if (ready < 0 && LibC.errno != LibC.EINTR)
            {
                throw new HypervisorError("poll(evtchn)", LibC.errno);
            }

            if (left <= TimeSpan.Zero)
            {
                return false;
            }
        }
    }

    public void Dispose() => device.Dispose();

    /// <summary>The device masks a port that it has told of; writing the port unmasks it.</summary>
    private void Acknowledge()
    {
        uint port;
        // SAFETY: the device gives and takes whole ports of 4 bytes.
        if (LibC.read(Descriptor(), &port, sizeof(uint)) != sizeof(uint) || LibC.write(Descriptor(), &port, sizeof(uint)) != sizeof(uint))
        {
            throw new HypervisorError("evtchn read", LibC.errno);
        }
    }

    private int Descriptor()
    {
        ObjectDisposedException.ThrowIf(device.IsClosed, this);
        return (int)device.DangerousGetHandle();
    }

    private static SafeFileHandle Open()
    {
        if (!File.Exists(Device))
        {
            throw new HypervisorError("open(" + Device + ")", LibC.ENOENT);
        }

        try
        {
            return File.OpenHandle(Device, FileMode.Open, FileAccess.ReadWrite);
        }
        catch (UnauthorizedAccessException)
        {
            throw new HypervisorError("open(" + Device + ")", LibC.EACCES);
        }
    }
}
