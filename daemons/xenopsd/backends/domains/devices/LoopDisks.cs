using System.Collections.Concurrent;
using Toolstack.Interop.Linux;

namespace Toolstack.Xenopsd.Backends.Domains.Devices;

/// <summary>The loop devices behind disks that are files, by device. The kernel gives each up when neither this process nor the back end has it open.</summary>
internal sealed class LoopDisks : IDisposable
{
    private readonly ConcurrentDictionary<(int Domid, int Id), LoopDevice> held = new();

    /// <summary>The device has its back end: the loop is held until the device is removed.</summary>
    public void Keep(DeviceAddress device, LoopDevice loop)
    {
        Release(device);
        held[(device.Domid, device.Id)] = loop;
    }

    /// <summary>Nothing for a device without one.</summary>
    public void Release(DeviceAddress device)
    {
        if (device.BackendKind == VbdKeys.Kind && held.TryRemove((device.Domid, device.Id), out var loop))
        {
            loop.Dispose();
        }
    }

    public void Dispose()
    {
        foreach (var loop in held.Values)
        {
            loop.Dispose();
        }
    }
}
