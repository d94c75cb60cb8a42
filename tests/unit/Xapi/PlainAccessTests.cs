using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Toolstack.Tests.Forwarding;
using Toolstack.Xapi.Http;
using Xunit;

namespace Toolstack.Tests.Xapi;

/// <summary>Who may come without TLS once a host is for HTTPS only.</summary>
public class PlainAccessTests
{
    [Theory]
    [InlineData("192.0.2.9", false, true, false)]
    [InlineData("192.0.2.9", false, false, true)]
    [InlineData("192.0.2.9", true, true, true)]
    [InlineData("192.0.2.7", false, true, true)]
    [InlineData("::ffff:192.0.2.7", false, true, true)]
    [InlineData("127.0.0.1", false, true, true)]
    [InlineData("::1", false, true, true)]
    public async Task OnlyTheHostsOfThePoolAndWhoSpeaksTlsAreServed(string client, bool tls, bool httpsOnly, bool served)
    {
        Stage stage = new();
        await stage.Database.Update(stage.There, static h => h with { address = "192.0.2.7" }, TestContext.Current.CancellationToken);
        var services = stage.Call().Services;
        services.HttpsOnly = httpsOnly;
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        DefaultConnectionContext connection = new() { RemoteEndPoint = new IPEndPoint(IPAddress.Parse(client), 9) };
        if (!tls)
        {
            connection.Features.Set<IConnectionSocketFeature>(new Plain(socket));
        }

        bool reached = false;
        await new PlainAccess(services).OnConnectionAsync(connection, _ =>
        {
            reached = true;
            return Task.CompletedTask;
        });
        Assert.Equal(served, reached);
    }

    private sealed record Plain(Socket Socket) : IConnectionSocketFeature;
}
