using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.Extensions.Logging;
using Toolstack.Cli;
using Toolstack.Idl;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.ThinCli;

/// <summary>
/// Serves <c>POST /cli</c>, which is HTTP in its request only: no response line comes back, but the frames of the thin-client protocol.
/// Stands before HTTP on every connection and leaves the others to it.
/// </summary>
internal sealed class ThinCliServer(XapiServices services, Dispatcher dispatcher, ILogger logger) : IDisposable
{
    private const int Failure = 1;

    private readonly SemaphoreSlim places = new(ThinCliLimits.MaxCommands);

    /// <summary>Serves the connection if it is a thin client's, else hands it on.</summary>
    internal async Task OnConnectionAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (!await ThinCliRequest.IsNextAsync(connection.Transport.Input, connection.ConnectionClosed).ConfigureAwait(false))
        {
            await next(connection).ConfigureAwait(false);
            return;
        }

        if (!await places.WaitAsync(TimeSpan.Zero, services.Stopping).ConfigureAwait(false))
        {
            Log.ThinClientRefused(logger, ThinCliLimits.MaxCommands);
            return;
        }

        try
        {
            await ServeAsync(connection).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or ThinCliFormatException or OperationCanceledException or ConnectionResetException)
        {
            Log.ThinClientLost(logger, error.Message);
        }
        finally
        {
            places.Release();
        }
    }

    public void Dispose() => places.Dispose();

    private async Task ServeAsync(ConnectionContext connection)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(connection.ConnectionClosed, services.Stopping);
        var stream = new ThinCliStream(connection.Transport, services.Stopping);
        ThinCliRequest? request = null;
        CliUsageError? wrong = null;
        using (var deadline = CancellationTokenSource.CreateLinkedTokenSource(gone.Token))
        {
            deadline.CancelAfter(ThinCliLimits.ClientDeadline);
            try
            {
                request = await ThinCliRequest.ReadAsync(connection.Transport.Input, deadline.Token).ConfigureAwait(false);
            }
            catch (CliUsageError error)
            {
                // Said once the client has been greeted: before that it would not read it.
                wrong = error;
            }
        }

        await stream.WriteAsync(ThinCliWire.WriteGreeting(), gone.Token).ConfigureAwait(false);
        ThinCliWire.CheckGreeting(await stream.ReadAsync(ThinCliWire.GreetingBytes, ThinCliLimits.ClientDeadline, gone.Token).ConfigureAwait(false));
        var terminal = new ThinCliTerminal(stream, request?.Arguments.Flag("progress") ?? false);
        int status = Failure;
        if (request is null)
        {
            await terminal.ErrorAsync($"{wrong?.Message}\nFor usage run: 'xe help'\n", gone.Token).ConfigureAwait(false);
        }
        else
        {
            status = await RunAsync(request, terminal, Origin(connection, gone.Token), gone.Token).ConfigureAwait(false);
        }

        await stream.WriteAsync(ThinCliWire.WriteExit(status), gone.Token).ConfigureAwait(false);
    }

    private async Task<int> RunAsync(ThinCliRequest request, ThinCliTerminal terminal, RequestOrigin origin, CancellationToken cancel)
    {
        if (CliRunner.IsLocal(request.Arguments))
        {
            return await CliRunner.RunAsync(request.Arguments, null, terminal, cancel).ConfigureAwait(false);
        }

        try
        {
            // Root of a member means the pool; anyone else is told where it is.
            return origin.IsLocalRoot && !services.Identity.IsCoordinator && !CliRunner.IsOfOneHost(request.Arguments)
                ? await CliRunner.RunAsync(
                    request.Arguments, await CoordinatorSession.OpenAsync(services.Client, services.Identity, cancel).ConfigureAwait(false), terminal, cancel).ConfigureAwait(false)
                : await RunHereAsync(request, terminal, origin, cancel).ConfigureAwait(false);
        }
        catch (XenApiError error)
        {
            string text = error.Code != "SESSION_AUTHENTICATION_FAILED" ? ErrorText.Of(error)
                : request.User.Length == 0 ? "Username/password must be specified\n"
                : "Authentication failed\n";
            await terminal.ErrorAsync(text, cancel).ConfigureAwait(false);
            return Failure;
        }
    }

    /// <summary>Raises <see cref="XenApiError"/> when the user may not log in.</summary>
    private async Task<int> RunHereAsync(ThinCliRequest request, ThinCliTerminal terminal, RequestOrigin origin, CancellationToken cancel)
    {
        var session = await ThinCliSession.LoginAsync(dispatcher, origin, CliRunner.IsOfOneHost(request.Arguments), request.User, request.Password).ConfigureAwait(false);
        try
        {
            return await CliRunner.RunAsync(request.Arguments, session, terminal, cancel).ConfigureAwait(false);
        }
        finally
        {
            await session.LogoutAsync().ConfigureAwait(false);
        }
    }

    private static RequestOrigin Origin(ConnectionContext connection, CancellationToken gone)
    {
        bool local = connection.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily is AddressFamily.Unix;
        string client = (connection.RemoteEndPoint as IPEndPoint)?.Address.ToString() ?? "";
        return new RequestOrigin(local, null, null, [], gone, client);
    }
}
