using Toolstack.Idl;

namespace Toolstack.Xapi.Dispatch;

/// <summary>What a call ended in, in no encoding yet. <see cref="IsBare"/>: the XML-RPC answer has no Status struct.
/// <see cref="IsUnread"/>: the host answers nothing now, so the call was not looked at.</summary>
internal readonly record struct DispatchReply(MessageResult Result, XenApiError? Error, bool IsBare, bool IsUnread = false)
{
    internal static DispatchReply Success(MessageResult result) => new(result, null, false);

    internal static DispatchReply Bare(MessageResult result) => new(result, null, true);

    internal static DispatchReply Failure(XenApiError error) => new(MessageResult.Void, error, false);
}
