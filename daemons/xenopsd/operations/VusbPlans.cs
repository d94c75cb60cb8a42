using System.Collections.Immutable;
using Toolstack.Xenopsd.Atomics;

namespace Toolstack.Xenopsd.Operations;

/// <summary>Steps of USB devices.</summary>
public static class VusbPlans
{
    internal static ImmutableArray<Atomic> PlugEach(VmDevices vm) => [.. vm.Vusbs.Select(static u => new Atomic.VUSB_plug(new DeviceId(u.id.vm, u.id.device)))];

    internal static ImmutableArray<Atomic> UnplugEach(VmDevices vm) => [.. vm.Vusbs.Select(static u => new Atomic.VUSB_unplug(new DeviceId(u.id.vm, u.id.device)))];
}
