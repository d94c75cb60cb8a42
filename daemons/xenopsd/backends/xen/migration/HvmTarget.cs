using Toolstack.Interop.Xen.Guests;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>An empty HVM or PVH domain as the restore engine sees it. Its vCPUs and its paging pool are set up already.</summary>
internal sealed class HvmTarget(XenGuest guest, int storePort, int consolePort) : IHypervisorTarget
{
    private readonly HvmTargetMemory memory = new(guest);
    private GuestRings? rings;

    public IGuestMemory Memory => memory;

    public GuestRings Rings => rings ?? throw new InvalidOperationException("the image has not been read");

    public void SetStaticState(StaticState state) => XenState.WriteStatic(guest, state);

    public void SetDynamicState(DynamicState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        XenState.WriteTsc(guest, state.Tsc);
        foreach (var parameter in state.HvmParams)
        {
            Set(parameter);
        }

        var store = Ring(state, HvmParams.StorePfn);
        var console = Ring(state, HvmParams.ConsolePfn);
        guest.SetHvmParam(HvmParams.StorePort, (ulong)storePort);
        guest.SetHvmParam(HvmParams.ConsolePort, (ulong)consolePort);
        guest.SetHvmContext(state.HvmContext.Span);
        guest.SeedGrants(console, consoleDomid: 0, store, storeDomid: 0);
        rings = new GuestRings(store, console);
    }

    public void Dispose()
    {
        memory.Dispose();
        guest.Dispose();
    }

    private unsafe void Set(HvmParam parameter)
    {
        if (parameter.Index > uint.MaxValue)
        {
            throw new StreamError(StreamFault.BadBody, $"HVM parameter {parameter.Index}");
        }

        if (HvmParams.IsRing(parameter.Index))
        {
            var frame = memory.Find(parameter.Value);
            if (frame is null)
            {
                throw new StreamError(StreamFault.MissingRecord, $"frame {parameter.Value} of HVM parameter {parameter.Index}");
            }

            // SAFETY: the frame is mapped writable as long as the memory is, and the guest does not run yet.
            new Span<byte>(frame, StreamLimits.PageSize).Clear();
        }

        guest.SetHvmParam((uint)parameter.Index, parameter.Value);
    }

    private static ulong Ring(DynamicState state, uint index)
    {
        foreach (var parameter in state.HvmParams)
        {
            if (parameter.Index == index)
            {
                return parameter.Value;
            }
        }

        throw new StreamError(StreamFault.MissingRecord, $"HVM parameter {index}");
    }
}
