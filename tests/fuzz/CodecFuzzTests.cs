using System.Buffers;
using System.Text;
using Toolstack.Idl;
using Toolstack.Idl.Json;
using Toolstack.Idl.MessagePack;
using Toolstack.Idl.XmlRpc;
using Toolstack.Interop.Xen.Xenstore;
using Xunit;

namespace Toolstack.Tests.Fuzz;

/// <summary>Damaged documents make a codec raise the one error it declares, or read something; never anything else.
/// FUZZ_ROUNDS sets how many documents each codec gets (see <see cref="Rounds"/>).</summary>
public sealed class CodecFuzzTests
{
    private static readonly byte[] Call = Written(output => XmlRpcEnvelope.WriteCall(output, "VM.start",
        new Value.Text("OpaqueRef:a < b"), new Value.Bool(true), new Value.Int(-5), new Value.Float(1.5),
        new Value.Struct([new("key", new Value.Array([new Value.Text(""), new Value.Text("&amp;")]))])));

    [Fact]
    public void XmlRpcCalls() => Rounds.Run(Call, bytes => XmlRpcEnvelope.ParseCall(bytes),
        // Text that is not UTF-8 is an error of the call, not of the document: its caller is told so.
        error => error is WireFormatException or XenApiError { Code: "INVALID_VALUE" });

    [Fact]
    public void Json() => Rounds.Run(
        Encoding.UTF8.GetBytes("""{"jsonrpc":"2.0","method":"VM.start","params":["OpaqueRef:1",true,-5,1.5e3,{"k":["\u00e9\n"]},null],"id":7}"""),
        bytes => JsonValueReader.Parse(bytes), error => error is WireFormatException);

    [Fact]
    public void MessagePack() => Rounds.Run(
        [0x83, 0xa1, (byte)'a', 0x93, 1, 0xc3, 0xc0, 0xa1, (byte)'b', 0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0, 0xa1, (byte)'c', 0xd9, 3, (byte)'x', (byte)'y', (byte)'z'],
        bytes => MessagePackValueReader.Parse(bytes), error => error is WireFormatException);

    [Fact]
    public void XenstorePackets() => Rounds.Run(
        Written(XenstorePacket.Request(XenstoreOperation.Watch, 3, 0, "/local/domain/1", "token").WriteTo),
        bytes =>
        {
            var input = new ReadOnlySequence<byte>(bytes);
            if (XenstorePacket.TryRead(ref input, XenstoreLimits.MaxReplyPayload, out var packet))
            {
                packet!.Words();
            }
        }, error => error is XenstoreFormatException);

    private static byte[] Written(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }
}
