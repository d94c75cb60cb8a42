using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;
using Toolstack.Xenopsd.Contract;
using Toolstack.Xenopsd.Migration.Stream;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>State that PV and HVM guests have alike.</summary>
internal static class XenState
{
    /// <summary>Giving frames to a domain and mapping them costs calls for each run of neighbours, on the receiver's side.</summary>
    public const int LeastZeroRun = 32;

    private const int SuspendCode = 2;

    public static StaticState ReadStatic(XenGuest guest)
    {
        var (leaves, msrs) = guest.GetCpuPolicy();
        return new StaticState(leaves, msrs);
    }

    /// <summary>A stream that carries no policy leaves the domain with the one it was created with.</summary>
    public static void WriteStatic(XenGuest guest, StaticState state)
    {
        if (!state.CpuidPolicy.IsEmpty || !state.MsrPolicy.IsEmpty)
        {
            guest.SetCpuPolicy(state.CpuidPolicy.Span, state.MsrPolicy.Span);
        }
    }

    public static TscInfo ReadTsc(XenGuest guest)
    {
        var tsc = guest.GetTsc();
        return new TscInfo(tsc.Mode, tsc.Khz, tsc.Nanoseconds, tsc.Incarnation);
    }

    public static void WriteTsc(XenGuest guest, TscInfo? tsc)
    {
        if (tsc is { } value)
        {
            guest.SetTsc(new GuestTsc(value.Mode, value.Khz, value.Nanoseconds, value.Incarnation));
        }
    }

    /// <summary>State is read from a domain that suspended itself, never from one that still runs or has crashed.</summary>
    public static void RequireSuspended(XenGuest guest)
    {
        var facts = guest.Facts();
        if (!facts.Shutdown || facts.ShutdownCode != SuspendCode)
        {
            throw new HypervisorError($"domain {guest.Domid} is not suspended", LibC.EBUSY);
        }
    }

    public static XenopsError Unimplemented(string what) => new(new XenopsErrorValue.Unimplemented("xen: " + what));
}
