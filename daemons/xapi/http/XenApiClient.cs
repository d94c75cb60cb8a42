using System.Buffers;
using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net.Http.Headers;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xapi.Database;
using Toolstack.Xapi.Datamodel;
using Toolstack.Xapi.Http.Tls;
using Toolstack.Xapi.Pool;

namespace Toolstack.Xapi.Http;

/// <summary>
/// Calls another xapi of the pool over its XenAPI (XML-RPC over HTTP or HTTPS, connections kept alive), with a pool session that is kept per
/// host and renewed when the other host no longer knows it.
/// </summary>
public sealed class XenApiClient : IDisposable
{
    private readonly HostIdentity identity;
    private readonly PeerTls? tls;
    private readonly ConcurrentDictionary<string, string> sessions = new(StringComparer.Ordinal);
    private readonly HttpMessageInvoker http;

    /// <param name="identity">Who calls.</param>
    /// <param name="tls">How calls are encrypted; null: they are not.</param>
    public XenApiClient(HostIdentity identity, PeerTls? tls = null)
    {
        this.identity = identity;
        this.tls = tls;
        http = new HttpMessageInvoker(new SocketsHttpHandler
        {
            SslOptions = tls?.Options ?? new(),
            ConnectTimeout = HttpLimits.ConnectDeadline,
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ActivityHeadersPropagator = null,
            PooledConnectionIdleTimeout = TimeSpan.FromMinutes(2),
        });
    }

    /// <summary>Calls a message with a pool session put before <paramref name="arguments"/>. <paramref name="underTask"/>: the other host
    /// runs it under this task and leaves completing it to us. Cancelling abandons the call, it does not stop it on the other host.
    /// Raises what the message raises; CANNOT_CONTACT_HOST [address] when no answer came before the deadline.</summary>
    public async Task<Value> CallAsync(string hostAddress, string method, ImmutableArray<Value> arguments, Ref<task>? underTask, TimeSpan deadline,
        CancellationToken cancel)
    {
        for (bool renewed = false; ; renewed = true)
        {
            string session = await LoginFirstAsync(hostAddress, cancel).ConfigureAwait(false);
            try
            {
                return await SendAsync(hostAddress, method, [new Value.Text(session), .. arguments], underTask, deadline, cancel).ConfigureAwait(false);
            }
            catch (XenApiError error) when (error.Code == "SESSION_INVALID" && !renewed)
            {
                sessions.TryRemove(new(hostAddress, session));
            }
        }
    }

    /// <summary>The same for a host by reference: its address is read from its row, and CANNOT_CONTACT_HOST carries the reference.</summary>
    public async Task<Value> CallHostAsync(XapiDatabase database, Ref<host> host, string method, ImmutableArray<Value> arguments, Ref<task>? underTask,
        TimeSpan deadline, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(database);
        string address = (await database.Get(host, cancel).ConfigureAwait(false)).address;
        try
        {
            return await CallAsync(address, method, arguments, underTask, deadline, cancel).ConfigureAwait(false);
        }
        catch (XenApiError error) when (error.Code == "CANNOT_CONTACT_HOST")
        {
            throw new XenApiError(error.Code, host.ToString()) { NeverSent = error.NeverSent };
        }
    }

    /// <summary>A call whose login is not answered is not sent.</summary>
    private async Task<string> LoginFirstAsync(string hostAddress, CancellationToken cancel)
    {
        try
        {
            return await PoolLoginAsync(hostAddress, cancel).ConfigureAwait(false);
        }
        catch (XenApiError error) when (error.Code == "CANNOT_CONTACT_HOST")
        {
            throw new XenApiError(error.Code, hostAddress) { NeverSent = true };
        }
    }

    /// <summary>Calls a message as it is, without a session of ours.</summary>
    public Task<Value> CallPlainAsync(string hostAddress, string method, ImmutableArray<Value> arguments, TimeSpan deadline, CancellationToken cancel) =>
        SendAsync(hostAddress, method, arguments, null, deadline, cancel);

    /// <summary>A pool session on that host, from the cache if there is one.</summary>
    public async Task<string> PoolLoginAsync(string hostAddress, CancellationToken cancel)
    {
        if (sessions.TryGetValue(hostAddress, out string? known))
        {
            return known;
        }

        ImmutableArray<Value> arguments = [new Value.Text(identity.Localhost.ToString()), new Value.Text(identity.PoolSecret)];
        Value session = await SendAsync(hostAddress, "session.slave_login", arguments, null, HttpLimits.LoginDeadline, cancel).ConfigureAwait(false);
        return sessions.GetOrAdd(hostAddress, session.AsString());
    }

    /// <summary>Calls a message of the emergency list with a session of that host alone, which needs no database.</summary>
    public async Task<Value> CallLocallyAsync(string hostAddress, string method, ImmutableArray<Value> arguments, TimeSpan deadline, CancellationToken cancel)
    {
        Value session = await SendAsync(
            hostAddress, "session.slave_local_login", [new Value.Text(identity.PoolSecret)], null, HttpLimits.LoginDeadline, cancel).ConfigureAwait(false);
        try
        {
            return await SendAsync(hostAddress, method, [session, .. arguments], null, deadline, cancel).ConfigureAwait(false);
        }
        finally
        {
            await EndAsync(hostAddress, session).ConfigureAwait(false);
        }
    }

    private async Task EndAsync(string hostAddress, Value session)
    {
        try
        {
            await SendAsync(hostAddress, "session.local_logout", [session], null, HttpLimits.LogoutDeadline, CancellationToken.None).ConfigureAwait(false);
        }
        catch (XenApiError)
        {
            // A host that is about to start anew forgets its sessions anyway.
        }
    }

    /// <summary>The database of the pool whose coordinator is at the address, by that pool's secret.</summary>
    public RemoteDatabase DatabaseOf(string coordinator, string secret) => new((request, deadline, cancel) =>
        PostAsync(coordinator, RemoteDatabaseEndpoint.Path, request, RemoteDatabaseEndpoint.ContentType, deadline, cancel, secret));

    /// <summary>Posts bytes to a path of another host with the pool secret, this pool's or another's, as cookie; returns the body of the answer.
    /// Raises CANNOT_CONTACT_HOST [address].</summary>
    public async Task<byte[]> PostAsync(string hostAddress, string path, ReadOnlyMemory<byte> body, string contentType, TimeSpan deadline, CancellationToken cancel,
        string? secret = null)
    {
        using HttpRequestMessage request = Request(hostAddress, path, body, contentType);
        request.Headers.Add("Cookie", "pool_secret=" + Uri.EscapeDataString(secret ?? identity.PoolSecret));
        return await ExchangeAsync(hostAddress, request, deadline, cancel).ConfigureAwait(false);
    }

    /// <summary>Gets a path of another host with the pool secret as cookie; returns the body. Raises CANNOT_CONTACT_HOST [address].</summary>
    public async Task<byte[]> GetAsync(string hostAddress, string path, TimeSpan deadline, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Url(hostAddress, path));
        request.Headers.Add("Cookie", "pool_secret=" + Uri.EscapeDataString(identity.PoolSecret));
        return await ExchangeAsync(hostAddress, request, deadline, cancel).ConfigureAwait(false);
    }

    /// <summary>The same for the beginning of a body that may be long: <paramref name="bytes"/> of it or all; what follows is not fetched.</summary>
    internal async Task<byte[]> GetStartAsync(string hostAddress, string path, int bytes, TimeSpan deadline, CancellationToken cancel)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Url(hostAddress, path));
        request.Headers.Add("Cookie", "pool_secret=" + Uri.EscapeDataString(identity.PoolSecret));
        return await ExchangeAsync(hostAddress, request, deadline, ReadAsync, cancel).ConfigureAwait(false);

        async Task<byte[]> ReadAsync(HttpContent content, CancellationToken limit)
        {
            Stream body = await content.ReadAsStreamAsync(limit).ConfigureAwait(false);
            await using (body.ConfigureAwait(false))
            {
                byte[] start = new byte[bytes];
                return start[..await body.ReadAtLeastAsync(start, bytes, throwOnEndOfStream: false, limit).ConfigureAwait(false)];
            }
        }
    }

    public void Dispose() => http.Dispose();

    private async Task<Value> SendAsync(string hostAddress, string method, ImmutableArray<Value> arguments, Ref<task>? underTask, TimeSpan deadline,
        CancellationToken cancel)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        XmlRpcEnvelope.WriteCall(body, method, arguments.AsSpan());
        using HttpRequestMessage request = Request(hostAddress, "/", body.WrittenMemory, XmlRpcEnvelope.ContentType);
        if (underTask is { } task)
        {
            request.Headers.Add("task-id", task.ToString());
        }

        using Activity? span = Spans.Call("forward", method);
        if (Spans.TraceParent is { } place)
        {
            request.Headers.Add("traceparent", place);
        }

        byte[] answer = await ExchangeAsync(hostAddress, request, deadline, cancel).ConfigureAwait(false);
        try
        {
            return XmlRpcEnvelope.ParseResponse(answer);
        }
        catch (WireFormatException error)
        {
            throw new XenApiError("INTERNAL_ERROR", $"answer of {hostAddress} to {method}: {error.Message}");
        }
    }

    private HttpRequestMessage Request(string hostAddress, string path, ReadOnlyMemory<byte> body, string contentType)
    {
        var content = new ReadOnlyMemoryContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        return new HttpRequestMessage(HttpMethod.Post, Url(hostAddress, path)) { Content = content };
    }

    private Uri Url(string hostAddress, string path)
    {
        string authority = UrlHost.Of(hostAddress);
        return new Uri(tls is null ? $"http://{authority}:{identity.HttpPort}{path}" : $"https://{authority}:{tls.Port}{path}");
    }

    private Task<byte[]> ExchangeAsync(string hostAddress, HttpRequestMessage request, TimeSpan deadline, CancellationToken cancel) =>
        ExchangeAsync(hostAddress, request, deadline, static async (content, limit) =>
        {
            await content.LoadIntoBufferAsync(HttpLimits.MaxAnswerBytes, limit).ConfigureAwait(false);
            return await content.ReadAsByteArrayAsync(limit).ConfigureAwait(false);
        }, cancel);

    private async Task<byte[]> ExchangeAsync(
        string hostAddress, HttpRequestMessage request, TimeSpan deadline, Func<HttpContent, CancellationToken, Task<byte[]>> read, CancellationToken cancel)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(deadline);
        try
        {
            using HttpResponseMessage response = await http.SendAsync(request, limit.Token).ConfigureAwait(false);
            return response.IsSuccessStatusCode
                ? await read(response.Content, limit.Token).ConfigureAwait(false)
                : throw new XenApiError("INTERNAL_ERROR", $"{hostAddress} answered HTTP {(int)response.StatusCode} to {request.RequestUri!.AbsolutePath}");
        }
        catch (Exception error) when (error is HttpRequestException or IOException || (error is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            throw new XenApiError("CANNOT_CONTACT_HOST", hostAddress) { NeverSent = IsBeforeConnection(error, limit.Token) };
        }
    }

    /// <summary>There was nobody to connect to, or the connection was not made in time.</summary>
    private static bool IsBeforeConnection(Exception error, CancellationToken limit) => error switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError } => true,
        OperationCanceledException => !limit.IsCancellationRequested,
        _ => false,
    };
}
