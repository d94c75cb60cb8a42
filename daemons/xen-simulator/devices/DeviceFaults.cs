using System.Collections.Concurrent;

namespace Toolstack.XenSimulator.Devices;

/// <summary>What a test asks of single devices, by domain, kind (<c>vbd</c>, <c>vif</c>) and number.</summary>
internal sealed class DeviceFaults
{
    private readonly ConcurrentDictionary<(int Domid, string Kind, int Id), bool> refusing = [];

    /// <summary>From now on the guest's driver of that device does nothing.</summary>
    internal void Hang(int domid, string kind, int id) => refusing[(domid, kind, id)] = false;

    /// <summary>The guest does not let go of that device: it says so when asked to close it.</summary>
    internal void Refuse(int domid, string kind, int id) => refusing[(domid, kind, id)] = true;

    internal void Clear() => refusing.Clear();

    internal bool Hangs(int domid, string kind, int id) => refusing.TryGetValue((domid, kind, id), out var refuses) && !refuses;

    internal bool Refuses(int domid, string kind, int id) => refusing.TryGetValue((domid, kind, id), out var refuses) && refuses;
}
