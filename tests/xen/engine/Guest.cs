using Toolstack.Xenopsd.Backends;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Tests.Xen.Engine;

/// <summary>What a domain is made for.</summary>
internal sealed record Guest(string Name, bool Pv, int Mib)
{
    /// <summary>A domain to be filled from an image.</summary>
    public DomainConfig Config()
    {
        var bytes = (long)Mib << 20;
        var id = Guid.NewGuid().ToString();
        PvInfo info = new() { boot = new PvBoot.Direct(new DirectBoot()) };
        Vm vm = new()
        {
            id = id,
            name = Name,
            ty = Pv ? new BuilderInfo.PV(info) : new BuilderInfo.PVH(info),
            memory_static_max = bytes,
            memory_dynamic_max = bytes,
            memory_dynamic_min = bytes,
            vcpu_max = 1,
            vcpus = 1,
        };
        return new DomainConfig(id, Name, bytes, bytes, bytes, 1, 1, new Dictionary<string, string>(), null)
        {
            Restores = true,
            Description = new DomainDescription(vm, [], [], [], [], []),
        };
    }
}
