using System.Buffers;
using Toolstack.Idl;
using Toolstack.Xapi.Dispatch;

namespace Toolstack.Xapi.Http;

/// <summary>The encoding that a call came in and its answer goes out in.</summary>
internal interface IReplyForm
{
    string ContentType { get; }

    /// <summary>The whole answer.</summary>
    void Write(IBufferWriter<byte> output, DispatchReply reply);

    /// <summary>The answer of a call that succeeded, written a part at a time as it is enumerated.</summary>
    IEnumerable<int> Parts(IBufferWriter<byte> output, MessageResult result);
}
