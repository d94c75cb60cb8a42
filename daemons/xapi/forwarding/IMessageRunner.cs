using System.Collections.Immutable;
using Toolstack.Idl;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Forwarding;

/// <summary>Runs an explicit message as its policy says: here or on another host, with its locks held and its memory reserved.</summary>
public interface IMessageRunner
{
    /// <summary>Arguments come one per parameter, defaults filled in, without the session. Raises what the message raises.</summary>
    ValueTask<MessageResult> RunAsync(CallContext call, XenMessage message, ImmutableArray<Value> arguments, object implementation);
}
