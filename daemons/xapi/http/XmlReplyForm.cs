using System.Buffers;
using Toolstack.Idl;
using Toolstack.Idl.XmlRpc;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Http;

/// <summary>Answers as XML-RPC documents.</summary>
internal sealed class XmlReplyForm : IReplyForm
{
    internal static XmlReplyForm Instance { get; } = new();

    public string ContentType => XmlRpcEnvelope.ContentType;

    public void Write(IBufferWriter<byte> output, DispatchReply reply)
    {
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
    }

    public IEnumerable<int> Parts(IBufferWriter<byte> output, MessageResult result) => XmlRpcEnvelope.SuccessParts(output, result);
}
