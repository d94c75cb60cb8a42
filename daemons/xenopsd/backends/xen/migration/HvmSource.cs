using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>A running HVM or PVH domain as the save engine sees it.</summary>
internal sealed class HvmSource(XenGuest guest, string description, Action suspend) : IHypervisorSource
{
    private readonly HvmSourceMemory memory = new(guest);

    public IGuestMemory Memory => memory;

    public string VmDescription => description;

    public StaticState GetStaticState() => XenState.ReadStatic(guest);

    public void Suspend()
    {
        memory.FindFrames();
        suspend();
        XenState.RequireSuspended(guest);
        memory.EnterSuspended();
    }

    public DynamicState GetDynamicState()
    {
        var parameters = new List<HvmParam>();
        foreach (var index in HvmParams.Saved)
        {
            if (Parameter(index) is var value and not 0)
            {
                parameters.Add(new HvmParam(index, value));
            }
        }

        return new DynamicState(guest.GetHvmContext(), parameters, XenState.ReadTsc(guest));
    }

    public void Dispose()
    {
        memory.Dispose();
        guest.Dispose();
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
