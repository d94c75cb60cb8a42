using System.Buffers;
using System.Collections.Immutable;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xapi.Datamodel;

namespace Toolstack.Xapi.Hosts;

/// <summary>Plug-ins and extensions: scripts on the host that clients may call. Both speak XML-RPC.</summary>
internal sealed partial class HostMessages
{
    /// <summary>The script gets the call as its argument: the function with session and arguments. Raises XENAPI_MISSING_PLUGIN [plugin],
    /// XENAPI_PLUGIN_FAILURE [status; stdout; stderr], and what the script answers.</summary>
    public override async Task<string> call_plugin(Call call, Ref<host> host, string plugin, string fn, ImmutableSortedDictionary<string, string> args)
    {
        string path = scripts.Plugin(plugin) ?? throw new XenApiError("XENAPI_MISSING_PLUGIN", plugin);
        var document = new ArrayBufferWriter<byte>();
        XmlRpcEnvelope.WriteCall(document, fn, new Value.Text(call.SessionRef),
            new Value.Struct([.. args.Select(static a => KeyValuePair.Create(a.Key, (Value)new Value.Text(a.Value)))]));
        ScriptOutcome outcome = await scripts.RunAsync(path, [Encoding.UTF8.GetString(document.WrittenSpan)], "", call.Cancellation).ConfigureAwait(false);
        return ScriptRunner.Answer(outcome).AsString();
    }

    /// <summary>The call is an XML-RPC document whose method names the extension. Its answer is passed on as it is.</summary>
    public override async Task<string> call_extension(Call context, Ref<host> host, string call)
    {
        string method;
        try
        {
            method = XmlRpcEnvelope.ParseCall(Encoding.UTF8.GetBytes(call)).Method;
        }
        catch (WireFormatException error)
        {
            throw new XenApiError("INVALID_VALUE", "call", error.Message);
        }

        string path = scripts.Extension(method) ?? throw new XenApiError("MESSAGE_METHOD_UNKNOWN", method);
        ScriptOutcome outcome = await scripts.RunAsync(path, ["--xmlrpc"], call, context.Cancellation).ConfigureAwait(false);
        return outcome.Status == 0 ? outcome.Output : throw ScriptRunner.Failure(outcome);
    }

    public override Task<bool> has_extension(Call call, Ref<host> host, string name) => Task.FromResult(scripts.Extension(name) is not null);
}
