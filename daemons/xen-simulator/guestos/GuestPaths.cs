using System.Globalization;

namespace Toolstack.XenSimulator.GuestOs;

/// <summary>The nodes of its own directory that a guest uses (xenstore paths of Xen guests and their toolstack).</summary>
internal sealed class GuestPaths(int domid)
{
    public string Home { get; } = "/local/domain/" + domid.ToString(CultureInfo.InvariantCulture);

    public string Shutdown => Home + "/control/shutdown";

    public string MemoryTarget => Home + "/memory/target";

    public string BatchState => Home + "/control/batcmd/state";

    public string Batch(string name) => Home + "/control/batcmd/" + name;
}
