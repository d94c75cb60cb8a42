using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>A running HVM or PVH domain as the save engine sees it.</summary>
internal sealed class HvmSource(XenGuest guest, string description, Action suspend) : IHypervisorSource
{
    private readonly HvmSourceMemory memory = new(guest);
    private readonly List<HvmParam> settled = [];

    public IGuestMemory Memory => memory;

    public string VmDescription => description;

    public StaticState GetStaticState() => XenState.ReadStatic(guest);

    /// <summary>What can be done before the guest stands still is done before: its frames are mapped, what never changes is read, and the rest is
    /// read once in vain, so that neither code nor buffers come for the first time when the guest waits.</summary>
    public void Suspend()
    {
        memory.FindFrames();
        ReadParameters(HvmParams.Settled, settled);
        _ = GetDynamicState();
        suspend();
        XenState.RequireSuspended(guest);
        memory.EnterSuspended();
    }

    public DynamicState GetDynamicState()
    {
        List<HvmParam> parameters = [.. settled];
        ReadParameters(HvmParams.SetByGuests, parameters);
        return new DynamicState(guest.GetHvmContext(), parameters, XenState.ReadTsc(guest));
    }

    public void Dispose()
    {
        memory.Dispose();
        guest.Dispose();
    }

    private void ReadParameters(ReadOnlySpan<uint> indices, List<HvmParam> parameters)
    {
        foreach (var index in indices)
        {
            if (Parameter(index) is var value and not 0)
            {
                parameters.Add(new HvmParam(index, value));
            }
        }
    }

    /// <summary>A parameter this Xen does not have is 0.</summary>
    private ulong Parameter(uint index)
    {
        try
        {
            return guest.GetHvmParam(index);
        }
        catch (HypervisorError error) when (error.Errno == LibC.EINVAL)
        {
            return 0;
        }
    }
}
