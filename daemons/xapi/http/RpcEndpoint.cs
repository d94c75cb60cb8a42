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
    private readonly ReadThreads reads = new(HttpLimits.ReadThreads);

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

        if (call.Problem is { } problem)
        {
            await HttpReplies.DocumentAsync(context, XmlRpcEnvelope.ContentType, Document(XmlReplyForm.Instance, DispatchReply.Failure(problem))).ConfigureAwait(false);
            return;
        }

        await AnswerAsync(context, XmlReplyForm.Instance, call.Method, call.Parameters, local).ConfigureAwait(false);
    }

    internal async Task JsonRpcAsync(HttpContext context)
    {
        JsonRpcRequest request = await RequestBody.ReadAsync(context, static body => JsonRpcRequest.Parse(body.Span)).ConfigureAwait(false);
        await AnswerAsync(context, request, request.Method, request.Parameters, IsLocal(context)).ConfigureAwait(false);
    }

    /// <summary>Runs the call and sends its answer. A long read is run and encoded in its client's turn, and each piece of a long answer in one more,
    /// so that neither who reads much nor who reads slowly keeps the others from reading.</summary>
    private async Task AnswerAsync(HttpContext context, IReplyForm form, string method, ImmutableArray<Value> parameters, bool local)
    {
        string client = ReadThreads.ClientOf(parameters);
        if (dispatcher.IsLongRead(method))
        {
            if (reads.IsFull(client))
            {
                DispatchReply refused = DispatchReply.Failure(new XenApiError("TOO_MANY_PENDING_TASKS"));
                await HttpReplies.DocumentAsync(context, form.ContentType, Document(form, refused)).ConfigureAwait(false);
                return;
            }

            await reads.TurnOf(client);
        }

        DispatchReply reply = await dispatcher.RunAsync(method, parameters, Origin(context, local)).ConfigureAwait(false);
        if (reply.Error is { } error)
        {
            await CoordinatorThumbprint.AddAsync(context, services, error).ConfigureAwait(false);
        }
        else if (!reply.IsBare && reply.Result.IsLong)
        {
            await SendAsync(context, form, reply.Result, client).ConfigureAwait(false);
            return;
        }

        await HttpReplies.DocumentAsync(context, form.ContentType, Document(form, reply)).ConfigureAwait(false);
    }

    private async Task SendAsync(HttpContext context, IReplyForm form, MessageResult result, string client)
    {
        using var reply = new LongReply(form, result);
        bool more = reply.Fill();
        if (!more)
        {
            await HttpReplies.DocumentAsync(context, form.ContentType, reply.Piece).ConfigureAwait(false);
            return;
        }

        await using Stream body = HttpReplies.Start(context, form.ContentType);
        while (more)
        {
            await body.WriteAsync(reply.Piece, context.RequestAborted).ConfigureAwait(false);
            reply.Sent();
            await reads.TurnOf(client);
            more = reply.Fill();
        }

        await body.WriteAsync(reply.Piece, context.RequestAborted).ConfigureAwait(false);
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

    private static ReadOnlyMemory<byte> Document(IReplyForm form, DispatchReply reply)
    {
        var output = new ArrayBufferWriter<byte>(HttpLimits.UsualAnswerBytes);
        form.Write(output, reply);
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
            await HttpReplies.DocumentAsync(context, XmlRpcEnvelope.ContentType, Document(XmlReplyForm.Instance, DispatchReply.Failure(error))).ConfigureAwait(false);
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
