using System.Collections.Immutable;
using Tmds.Linux;
using Toolstack.XenSimulator.Contract;
using Toolstack.XenSimulator.Guest;
using Toolstack.XenSimulator.Memory;

namespace Toolstack.XenSimulator.Host;

/// <summary>Puts a guest into an empty domain: booted afresh, or taken up where a restored image left it.</summary>
internal static class GuestBuilder
{
    /// <summary>Boots the guest program, which takes as long as filling its working set does.</summary>
    public static RingFrames Boot(SimulatedDomain domain, GuestImageInfo image, Action<long> claim)
    {
        var most = image.memory_max / GuestMemory.PageSize;
        var given = image.memory_target / GuestMemory.PageSize;
        var count = (int)image.vcpus;
        if (count < 1 || count > domain.MaxVcpus || given < count * GuestLimits.MinPagesPerVcpu || given > most)
        {
            throw new HypercallError(LibC.EINVAL, $"{given} frames of {most} for {count} of {domain.MaxVcpus} vCPUs");
        }

        if (image.memory_target > domain.MaxMemoryBytes)
        {
            throw new HypercallError(LibC.ENOMEM, $"{image.memory_target} bytes, the domain may have {domain.MaxMemoryBytes}");
        }

        domain.GiveMemory(most + HostLimits.SpecialPages, fresh: false);
        var memory = domain.Memory;
        using var held = memory.Hold(domain.Domid);
        claim(given);
        var pages = most / count;
        var wanted = Math.Min(domain.Settings.WorkingSetPages(most), given - (count * GuestLimits.MinPagesPerVcpu / 2)) / count;
        var seed = (ulong)Random.Shared.NextInt64();
        var slices = Enumerable.Range(0, count).Select(i =>
            GuestSlice.Boot(memory, i * pages, pages, wanted, seed + (ulong)i, domain.Settings.DirtyRate / count)).ToImmutableArray();
        var rings = new RingFrames { store = most + HostLimits.StoreRing, console = most + HostLimits.ConsoleRing };
        domain.StartGuest(slices, rings, (int)image.store_port, 0);
        return rings;
    }

    /// <summary>Starts the guest whose memory has been written; EINVAL when memory and context disagree.</summary>
    public static RingFrames TakeUp(SimulatedDomain domain, GuestContext context, Action<long> claim)
    {
        var memory = domain.Memory;
        using var held = memory.Hold(domain.Domid);
        if (context.vcpus.Length < 1 || context.vcpus.Length > domain.MaxVcpus)
        {
            throw new HypercallError(LibC.EINVAL, $"context of {context.vcpus.Length} vCPUs, the domain may have {domain.MaxVcpus}");
        }

        var (store, console) = (context.rings.store, context.rings.console);
        if (store < 0 || store >= memory.PageCount || console < 0 || console >= memory.PageCount
            || context.pages < 1 || context.pages > memory.PageCount)
        {
            throw new HypercallError(LibC.EINVAL, $"context of {context.pages} frames, rings at {store} and {console}, memory of {memory.PageCount}");
        }

        var slices = context.vcpus.Select(text => VcpuContext.Attach(text, memory)).ToImmutableArray();
        claim(context.pages);
        domain.StartGuest(slices, context.rings, 0, context.incarnation + 1);
        return context.rings;
    }
}
