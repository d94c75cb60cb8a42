using Toolstack.Xapi.Events;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Sessions;
using Toolstack.Xapi.Tasks;
using Toolstack.Xapi.Xenops;

namespace Toolstack.Xapi;

/// <summary>Which object implements the explicit messages of each class: the one place where the rooms meet the dispatcher.</summary>
internal static class MessageImplementations
{
    internal static IReadOnlyDictionary<string, object> Build(XapiServices services, VmRooms vm, PoolStart pool)
    {
        Dictionary<string, object> implementations = new(StringComparer.Ordinal)
        {
            ["session"] = new SessionMessages(services.Sessions),
            ["task"] = new TaskMessages(),
            ["VM"] = vm.Operations,
            ["VBD"] = vm.BlockDevices,
            ["VIF"] = vm.Interfaces,
            ["VDI"] = vm.Disks,
            ["SR"] = vm.Repositories,
            ["PBD"] = vm.Ways,
            ["host"] = pool.Hosts,
            ["pool"] = pool.Pools,
        };
        if (services.ChangeLog is { } log)
        {
            implementations["event"] = new EventMessages(new EventFeed(log, Datamodel.Datamodel.Classes));
        }

        return implementations;
    }
}
