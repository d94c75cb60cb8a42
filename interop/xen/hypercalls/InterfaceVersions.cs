using Tmds.Linux;
using Toolstack.Interop.Linux;

namespace Toolstack.Interop.Xen.Hypercalls;

/// <summary>Which versions of its unstable interfaces the running Xen speaks: it answers EACCES to any other. Versions are tried from
/// the newest known down.</summary>
internal sealed record InterfaceVersions(uint Sysctl, uint Domctl)
{
    /// <summary>Versions whose structures used here are laid out as declared in the tables.</summary>
    internal static readonly IReadOnlyList<uint> KnownSysctl = [0x16, 0x15];
    internal static readonly IReadOnlyList<uint> KnownDomctl = [0x18, 0x17, 0x16, 0x15];

    /// <summary>Tries each version; raises <see cref="HypervisorError"/> EACCES when Xen speaks none of them, and whatever else a try raises.</summary>
    internal static InterfaceVersions Probe(Action<uint> trySysctl, Action<uint> tryDomctl) =>
        new(First("sysctl", KnownSysctl, trySysctl), First("domctl", KnownDomctl, tryDomctl));

    private static uint First(string name, IReadOnlyList<uint> versions, Action<uint> attempt)
    {
        foreach (var version in versions)
        {
            try
            {
                attempt(version);
                return version;
            }
            catch (HypervisorError error) when (error.Errno == LibC.EACCES)
            {
                // Not this one.
            }
        }

        throw new HypervisorError(name + " interface version", LibC.EACCES);
    }
}
