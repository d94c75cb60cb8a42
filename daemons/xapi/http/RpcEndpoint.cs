using System.Buffers;
using System.Collections.Immutable;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;
using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Http;

/// <summary>XenAPI calls over HTTP: a document in, a document out, always with status 200 once the request is a call at all.</summary>
internal sealed class RpcEndpoint(XapiServices services, Dispatcher dispatcher)
{
    private readonly FairGate reads = new(Math.Max(2, Environment.ProcessorCount * HttpLimits.ReadsPerProcessor));

    /// <summary>Whether the request came over the Unix socket.</summary>
    internal static bool IsLocal(HttpContext context) =>
        context.Features.Get<IConnectionSocketFeature>()?.Socket.AddressFamily is AddressFamily.Unix;

    internal async Task XmlRpcAsync(HttpContext context)
    {
        bool local = IsLocal(context);
        XmlCall call = await RequestBody.ReadAsync(context, body => Parse(body, keep: local && !services.Identity.IsCoordinator)).ConfigureAwait(false);
        if (!call.Bytes.IsEmpty && !EmergencyCalls.NeverPassedOn(MethodName.Parse(call.Method).Name))
        {
            await PassOnAsync(context, call.Bytes).ConfigureAwait(false);
            return;
        }

        ReadOnlyMemory<byte> answer = call.Problem is { } problem
            ? Document(DispatchReply.Failure(problem))
            : await RunAsync(call.Method, call.Parameters, Origin(context, local), Document).ConfigureAwait(false);
        await HttpReplies.DocumentAsync(context, XmlRpcEnvelope.ContentType, answer).ConfigureAwait(false);
    }

    internal async Task JsonRpcAsync(HttpContext context)
    {
        JsonRpcRequest request = await RequestBody.ReadAsync(context, static body => JsonRpcRequest.Parse(body.Span)).ConfigureAwait(false);
        ReadOnlyMemory<byte> answer = await RunAsync(request.Method, request.Parameters, Origin(context, IsLocal(context)), reply =>
        {
            var output = new ArrayBufferWriter<byte>(1024);
            request.WriteReply(output, reply);
            return output.WrittenMemory;
        }).ConfigureAwait(false);
        await HttpReplies.DocumentAsync(context, JsonRpcRequest.ContentType, answer).ConfigureAwait(false);
    }

    /// <summary>Runs the call and encodes its answer. A read does both in its client's turn.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> RunAsync(
        string method, ImmutableArray<Value> parameters, RequestOrigin origin, Func<DispatchReply, ReadOnlyMemory<byte>> encode)
    {
        if (!dispatcher.Table.IsRead(method))
        {
            return encode(await dispatcher.RunAsync(method, parameters, origin).ConfigureAwait(false));
        }

        try
        {
            await reads.EnterAsync(FairGate.ClientOf(parameters)).ConfigureAwait(false);
        }
        catch (XenApiError error)
        {
            return encode(DispatchReply.Failure(error));
        }

        try
        {
            return encode(await dispatcher.RunAsync(method, parameters, origin).ConfigureAwait(false));
        }
        finally
        {
            reads.Leave();
        }
    }

    private readonly record struct XmlCall(string Method, ImmutableArray<Value> Parameters, XenApiError? Problem, ReadOnlyMemory<byte> Bytes);

    private static XmlCall Parse(ReadOnlyMemory<byte> body, bool keep)
    {
        try
        {
            (string method, ImmutableArray<Value> parameters) = XmlRpcEnvelope.ParseCall(body.Span);
            return new XmlCall(method, parameters, null, keep ? body.ToArray() : ReadOnlyMemory<byte>.Empty);
        }
        catch (XenApiError problem)
        {
            return new XmlCall("", [], problem, ReadOnlyMemory<byte>.Empty);
        }
        catch (WireFormatException error)
        {
            throw new HttpRefusal(500, error.Message, error);
        }
    }

    private static ReadOnlyMemory<byte> Document(DispatchReply reply)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        if (reply.Error is { } error)
        {
            XmlRpcEnvelope.WriteFailure(output, error.Code, error.Parameters);
        }
        else if (reply.IsBare)
        {
            XmlRpcEnvelope.WriteBare(output, reply.Result.Write);
        }
        else
        {
            XmlRpcEnvelope.WriteSuccess(output, reply.Result.Write);
        }

        return output.WrittenMemory;
    }

    private async Task PassOnAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        try
        {
            byte[] answer = await services.Client.PostAsync(
                services.Identity.CoordinatorAddress, "/", body, XmlRpcEnvelope.ContentType, HttpLimits.PassOnDeadline, context.RequestAborted).ConfigureAwait(false);
            await HttpReplies.DocumentAsync(context, XmlRpcEnvelope.ContentType, answer).ConfigureAwait(false);
        }
        catch (XenApiError error)
        {
            await HttpReplies.DocumentAsync(context, XmlRpcEnvelope.ContentType, Document(DispatchReply.Failure(error))).ConfigureAwait(false);
        }
    }

    private static RequestOrigin Origin(HttpContext context, bool local)
    {
        const string ConfigPrefix = "x-http-other-config-";
        IHeaderDictionary headers = context.Request.Headers;
        List<KeyValuePair<string, string>> config = [];
        foreach (KeyValuePair<string, Microsoft.Extensions.Primitives.StringValues> header in headers)
        {
            if (header.Key.StartsWith(ConfigPrefix, StringComparison.OrdinalIgnoreCase))
            {
                config.Add(new("http:" + header.Key[ConfigPrefix.Length..], header.Value.ToString()));
            }
        }

        return new RequestOrigin(local, Header("task-id"), Header("subtask-of"), config, context.RequestAborted, local ? "" : HttpAccess.AddressOf(context))
        {
            TraceParent = Spans.On ? Header("traceparent") : null,
        };

        string? Header(string name) => headers.TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues value) ? value.ToString() : null;
    }
}
