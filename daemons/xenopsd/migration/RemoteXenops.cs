using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xenopsd.Contract;

namespace Toolstack.Xenopsd.Migration;

/// <summary>Calls the destination's xenopsd through its xapi: XML-RPC over one connection a call, named parameters in one struct.</summary>
internal static class RemoteXenops
{
    /// <summary>Hands the VM's metadata over before the VM. Raises the peer's typed error, or Failed_to_contact_remote_service.</summary>
    internal static Task ImportMetadataAsync(RemoteHost host, string debugInfo, string metadata, CancellationToken cancel) =>
        AskAsync(host, "VM.import_metadata", debugInfo, new("metadata", new Value.Text(metadata)), MigrationLimits.RemoteCall, cancel);

    /// <summary>What the destination says it can do beyond the original protocol; nothing when it does not answer the question.</summary>
    internal static async Task<ImmutableArray<string>> FeaturesAsync(RemoteHost host, string debugInfo, CancellationToken cancel)
    {
        try
        {
            var answer = await AskAsync(host, "query", debugInfo, null, MigrationLimits.Features, cancel).ConfigureAwait(false);
            return [.. answer.AsStruct().Find("features")?.AsArray().Select(static f => f.AsString()) ?? []];
        }
        catch (Exception error) when (error is XenopsError or ValueFormatException)
        {
            return [];
        }
    }

    /// <summary>Where a VM lives that this host was sending there. A destination that knows the migration by its token answers what it
    /// wrote down; it needs no session for that. Raises XenopsError.</summary>
    internal static async Task<MigrationOutcome> OutcomeAsync(RemoteHost host, string vm, string? token, string debugInfo, CancellationToken cancel)
    {
        if (token is null)
        {
            return await StateAsync(host, vm, debugInfo, cancel).ConfigureAwait(false);
        }

        byte[] head = PutRequest.Head(host.Url, "outcome", MigrationIds.Destination(vm), [new(MigrationCookies.Token, token), new(MigrationCookies.DebugInfo, debugInfo)]);
        try
        {
            using var connection = await RemoteConnection.OpenAsync(host, head, cancel).ConfigureAwait(false);
            await Handshake.ExpectSuccessAsync(connection.Bytes, "an answer", MigrationLimits.Question, cancel).ConfigureAwait(false);
            return MigrationOutcome.Moved;
        }
        catch (XenopsError error) when (error.Value is XenopsErrorValue.Does_not_exist("VM", _))
        {
            return MigrationOutcome.Stayed;
        }
        catch (XenopsError error) when (error.Value is XenopsErrorValue.Does_not_exist("migration", _))
        {
            // It knew the migration, for it took its memory. What it knew went with its domains when the host was restarted; the VM
            // may have run there until then, so the copy here is stale.
            return MigrationOutcome.Lost;
        }
        catch (Exception error) when (error is IOException or TimeoutException)
        {
            throw new XenopsError(new XenopsErrorValue.Failed_to_contact_remote_service($"{host.Url.Authority}: {error.Message}"), error);
        }
    }

    /// <summary>The same of a destination that knows no tokens, told from what it has. The temporary id is asked for first: the destination
    /// renames one way when it commits and back when it cannot go on, so "neither" is only ever said of a VM that does not run there.</summary>
    private static async Task<MigrationOutcome> StateAsync(RemoteHost host, string vm, string debugInfo, CancellationToken cancel)
    {
        try
        {
            var arriving = await AskAsync(
                host, "VM.exists", debugInfo, new("id", new Value.Text(MigrationIds.Destination(vm))), MigrationLimits.Question, cancel).ConfigureAwait(false);
            if (arriving.AsBool())
            {
                return MigrationOutcome.Unknown;
            }

            var stat = await AskAsync(host, "VM.stat", debugInfo, new("id", new Value.Text(vm)), MigrationLimits.Question, cancel).ConfigureAwait(false);
            // A domain that is not let run yet may still be taken back.
            string state = stat.AsArray()[1].AsStruct().Find("power_state")?.AsString() ?? nameof(PowerState.Paused);
            return state == nameof(PowerState.Paused) ? MigrationOutcome.Unknown : MigrationOutcome.Moved;
        }
        catch (XenopsError error) when (error.Value is XenopsErrorValue.Does_not_exist("VM", _))
        {
            return MigrationOutcome.Stayed;
        }
        catch (ValueFormatException error)
        {
            throw XenopsError.Internal($"{host.Url.Authority}: {error.Message}", error);
        }
    }

    /// <summary>One call with its debug_info and at most one parameter more. Raises the peer's typed error, or
    /// Failed_to_contact_remote_service.</summary>
    private static async Task<Value> AskAsync(
        RemoteHost host, string method, string debugInfo, KeyValuePair<string, Value>? parameter, TimeSpan limit, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(limit);
        try
        {
            return await CallAsync(
                host,
                method,
                [new("debug_info", new Value.Text(debugInfo)), .. parameter is { } one ? new[] { one } : []],
                deadline.Token).ConfigureAwait(false);
        }
        catch (XenApiError error)
        {
            throw Typed(error);
        }
        catch (Exception error) when (error is SocketException or IOException or WireFormatException
            || (error is OperationCanceledException && !cancel.IsCancellationRequested))
        {
            string problem = error is OperationCanceledException ? "no answer in time" : error.Message;
            throw new XenopsError(new XenopsErrorValue.Failed_to_contact_remote_service($"{host.Url.Authority}: {problem}"), error);
        }
    }

    private static async Task<Value> CallAsync(
        RemoteHost host, string method, ImmutableArray<KeyValuePair<string, Value>> parameters, CancellationToken cancel)
    {
        var body = new ArrayBufferWriter<byte>();
        XmlRpcEnvelope.WriteCall(body, method, new Value.Struct(parameters));
        // HTTP/1.0, so that the answer comes whole, in one piece, and ends with the connection.
        byte[] head = Encoding.ASCII.GetBytes(
            $"POST {host.Url.PathAndQuery} HTTP/1.0\r\nHost: {host.Url.Authority}\r\nUser-agent: xenopsd\r\n"
            + $"Content-Type: {XmlRpcEnvelope.ContentType}\r\nContent-Length: {body.WrittenCount.ToString(CultureInfo.InvariantCulture)}\r\nConnection: close\r\n\r\n");
        using var connection = await RemoteConnection.OpenAsync(host, (byte[])[.. head, .. body.WrittenSpan], cancel).ConfigureAwait(false);
        byte[] response = await ReadToEndAsync(connection.Bytes, cancel).ConfigureAwait(false);
        return XmlRpcEnvelope.ParseResponse(Body(response));
    }

    private static async Task<byte[]> ReadToEndAsync(System.IO.Stream bytes, CancellationToken cancel)
    {
        var response = new ArrayBufferWriter<byte>();
        while (true)
        {
            int read = await bytes.ReadAsync(response.GetMemory(4096), cancel).ConfigureAwait(false);
            if (read == 0)
            {
                return response.WrittenSpan.ToArray();
            }

            response.Advance(read);
            if (response.WrittenCount > MigrationLimits.MaxResponse)
            {
                throw new IOException($"the answer is longer than {nameof(MigrationLimits.MaxResponse)}");
            }
        }
    }

    private static ReadOnlySpan<byte> Body(ReadOnlySpan<byte> response)
    {
        int end = response.IndexOf("\r\n\r\n"u8);
        int line = response.IndexOf("\r\n"u8);
        string status = Encoding.ASCII.GetString(response[..Math.Max(line, 0)]);
        return end >= 0 && status.Split(' ') is ["HTTP/1.1" or "HTTP/1.0", "200", ..]
            ? response[(end + 4)..]
            : throw new IOException($"the answer is \"{status}\"");
    }

    /// <summary>A failure's code and parameters are the tag and the fields of an error.</summary>
    private static XenopsError Typed(XenApiError error)
    {
        ImmutableArray<Value> fields = [.. error.Parameters.Select(static p => (Value)new Value.Text(p))];
        Value variant = fields.Length switch
        {
            0 => new Value.Text(error.Code),
            1 => new Value.Array([new Value.Text(error.Code), fields[0]]),
            _ => new Value.Array([new Value.Text(error.Code), new Value.Array(fields)]),
        };
        try
        {
            return new XenopsError(XenopsErrorValueCodec.Read(variant), error);
        }
        catch (ValueFormatException)
        {
            return XenopsError.Internal(error.Message, error);
        }
    }
}
