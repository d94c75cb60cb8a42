using Toolstack.Xapi.Access;
using Toolstack.Xapi.Events;
using Toolstack.Xapi.Networks;
using Toolstack.Xapi.Pool;
using Toolstack.Xapi.Reports;
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
        AddPlain(implementations);
        if (services is { ChangeLog: { } log, Notices: { } notices })
        {
            implementations["message"] = new MessageMessages(notices, log);
            implementations["event"] = new EventMessages(
                log, new EventFeed(log, Datamodel.Datamodel.Classes, notices), new EventRegistrations(log, Datamodel.Datamodel.Classes));
            var blobs = new BlobStore(services.Configuration.Get(Settings.BlobDirectory));
            implementations["blob"] = new BlobMessages(blobs);
            var endpoint = new BlobEndpoint(services, blobs);
            services.Routes.Add("GET", BlobEndpoint.Path, endpoint.GetAsync);
            services.Routes.Add("PUT", BlobEndpoint.Path, endpoint.PutAsync);
        }

        return implementations;
    }

    /// <summary>The classes whose messages need the call's context only.</summary>
    internal static void AddPlain(Dictionary<string, object> implementations)
    {
        implementations["role"] = new RoleMessages();
        implementations["subject"] = new SubjectMessages();
        implementations["auth"] = new AuthMessages();
        implementations["secret"] = new SecretRows();
        implementations["user"] = new UserRows();
        implementations["console"] = new ConsoleRows();
        implementations["VM_group"] = new VmGroupRows();
        implementations["VM_appliance"] = new ApplianceRows();
        implementations["network"] = new NetworkRows();
        implementations["PIF"] = new PifRows();
        implementations["VLAN"] = new VlanRows();
        implementations["Bond"] = new BondRows();
        implementations["tunnel"] = new TunnelRows();
    }
}
