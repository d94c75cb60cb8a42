using Tmds.Linux;
using Toolstack.Interop.Linux;
using Toolstack.Interop.Xen.Guests;

namespace Toolstack.Xenopsd.Backends.Xen.Migration;

/// <summary>Opens a domain to be copied, out or in, by what kind of guest it is. Raises HypervisorError.</summary>
internal static class XenTransfers
{
    public static IHypervisorSource OpenSource(int domid, string description, Action suspend)
    {
        var guest = XenGuest.Open(domid);
        return Owned<IHypervisorSource>(guest, () =>
            guest.Facts().Hvm ? new HvmSource(guest, description, suspend) : new PvSource(guest, description, suspend));
    }

    public static IHypervisorTarget OpenTarget(int domid, int storePort, int consolePort)
    {
        var guest = XenGuest.Open(domid);
        return Owned<IHypervisorTarget>(guest, () =>
            guest.Facts().Hvm ? new HvmTarget(guest, storePort, consolePort) : new PvTarget(guest, storePort, consolePort));
    }

    /// <summary>Nothing for a domain that is not in that mode, and for a PV guest, which has none.</summary>
    public static void EndLogDirty(int domid)
    {
        using var guest = XenGuest.Open(domid);
        if (!guest.Facts().Hvm)
        {
            return;
        }

        try
        {
            guest.DisableLogDirty();
        }
        catch (HypervisorError error) when (error.Errno == LibC.EINVAL)
        {
            // It was off.
        }
    }

    /// <summary>What is made owns the guest; when it cannot be made nobody does.</summary>
    private static T Owned<T>(XenGuest guest, Func<T> make)
    {
        try
        {
            return make();
        }
        catch
        {
            guest.Dispose();
            throw;
        }
    }
}
