using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Http;

/// <summary>Who may connect without TLS on a host whose https_only is set: the host itself, and the other hosts of its pool. The others'
/// connections end before anything is read from them.</summary>
internal sealed class PlainAccess(XapiServices services)
{
    internal async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (services.HttpsOnly && !await IsAdmittedAsync(connection).ConfigureAwait(false))
        {
            return;
        }

        await next(connection).ConfigureAwait(false);
    }

    private async ValueTask<bool> IsAdmittedAsync(ConnectionContext connection)
    {
        // A connection after its TLS handshake shows no socket.
        if (connection.Features.Get<IConnectionSocketFeature>()?.Socket is not { AddressFamily: not AddressFamily.Unix } || connection.RemoteEndPoint is not IPEndPoint { Address: { } client }
            || IPAddress.IsLoopback(client))
        {
            return true;
        }

        string text = (client.IsIPv4MappedToIPv6 ? client.MapToIPv4() : client).ToString();
        return text == services.Identity.CoordinatorAddress
            || (await services.Database.GetAll<host>(connection.ConnectionClosed).ConfigureAwait(false)).Any(h => h.Value.address == text);
    }
}
