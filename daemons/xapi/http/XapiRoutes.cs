using Microsoft.Extensions.Logging;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Dispatch;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Http;

/// <summary>What every xapi serves, member or coordinator.</summary>
internal static class XapiRoutes
{
    /// <summary>To be called before the listeners open; returns what every call goes through. <paramref name="implementations"/>: by class, see <see cref="MessageImplementations"/>.</summary>
    internal static Dispatcher Add(XapiServices services, IReadOnlyDictionary<string, object> implementations, LocalDatabase? local)
    {
        var dispatcher = new Dispatcher(
            services,
            new MessageTable(Datamodel.Datamodel.Classes),
            implementations,
            new ImplicitRunner(services.ChangeLog, implementations),
            services.Logs.CreateLogger("dispatch"));
        var rpc = new RpcEndpoint(services, dispatcher);
        HttpRoutes routes = services.Routes;
        routes.Add("GET", "/", static context => HttpReplies.PageAsync(context, 404, "Not Found"));
        foreach (string path in (string[])["/", "/RPC2", "/json"])
        {
            routes.Add("POST", path, rpc.XmlRpcAsync);
        }

        routes.Add("POST", "/jsonrpc", rpc.JsonRpcAsync);
        routes.Add("OPTIONS", "/", HttpReplies.Preflight);
        routes.Add("POST", "/services/xenops", new ServicesEndpoint(services).PostXenopsAsync);
        routes.Add("PUT", "/services/xenops/", ServicesEndpoint.TooLateAsync);
        if (local is not null)
        {
            var dump = new DatabaseDumpEndpoint(services, local, services.Configuration.Get(PoolSettings.DatabasePath));
            routes.Add("GET", DatabaseDumpEndpoint.Path, dump.GetAsync);
            routes.Add("PUT", DatabaseDumpEndpoint.Path, dump.PutAsync);
            routes.Add("POST", RemoteDatabaseEndpoint.Path,
                new RemoteDatabaseEndpoint(new RemoteDatabaseAccess(local, Datamodel.Datamodel.Classes), services.Sessions).PostAsync);
        }
        else
        {
            var redirect = new CoordinatorRedirect(services);
            foreach (string path in (string[])[DatabaseDumpEndpoint.Path, Reports.BlobEndpoint.Path])
            {
                routes.Add("GET", path, redirect.AnswerAsync);
                routes.Add("PUT", path, redirect.AnswerAsync);
            }
        }

        return dispatcher;
    }
}
