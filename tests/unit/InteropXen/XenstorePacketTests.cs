using System.Buffers;
using System.Text;
using Toolstack.Interop.Xen.Xenstore;
using Xunit;

namespace Toolstack.Tests.InteropXen;

public sealed class XenstorePacketTests
{
    [Fact]
    public void AReadRequestHasTheBytesOfTheProtocol() =>
        Assert.Equal("02000000" + "07000000" + "00000000" + "05000000" + "2f612f6200",
            Hex(XenstorePacket.Request(XenstoreOperation.Read, 7, 0, "/a/b")));

    [Fact]
    public void AWriteEndsItsPathButNotItsValue() =>
        Assert.Equal("0b000000" + "01000000" + "09000000" + "04000000" + "2f610078",
            Hex(XenstorePacket.Write(1, 9, "/a", "x"u8)));

    [Fact]
    public void AMessageIsReadFromAnySplitOfItsBytes()
    {
        var sent = XenstorePacket.Request(XenstoreOperation.Watch, 3, 0, "/local/domain/1", "token");
        var bytes = Bytes(sent);
        for (var have = 0; have < bytes.Length; have++)
        {
            var part = new ReadOnlySequence<byte>(bytes, 0, have);
            Assert.False(XenstorePacket.TryRead(ref part, XenstoreLimits.MaxReplyPayload, out _));
            Assert.Equal(have, part.Length);
        }

        var all = new ReadOnlySequence<byte>([.. bytes, 0xff]);
        Assert.True(XenstorePacket.TryRead(ref all, XenstoreLimits.MaxReplyPayload, out var read));
        Assert.Equal((sent.Operation, 3u, 0u), (read!.Operation, read.RequestId, read.TransactionId));
        Assert.Equal(["/local/domain/1", "token"], read.Words());
        Assert.Equal(1, all.Length);
    }

    [Fact]
    public void ALengthBeyondTheLimitIsRefusedBeforeItsPayloadArrives()
    {
        var header = new ReadOnlySequence<byte>([2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0x10, 0]);
        var error = Assert.Throws<XenstoreFormatException>(() => XenstorePacket.TryRead(ref header, XenstoreLimits.MaxReplyPayload, out _));
        Assert.Contains("1048577", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARequestThatTheServerWouldCutIsRefused() =>
        Assert.Throws<XenstoreFormatException>(() => XenstorePacket.Write(1, 0, "/a", new byte[4094]));

    [Fact]
    public void WordsMustBeEnded()
    {
        var packet = new XenstorePacket(XenstoreOperation.Directory, 1, 0, Encoding.ASCII.GetBytes("a\0b"));
        Assert.Throws<XenstoreFormatException>(packet.Words);
        Assert.Throws<XenstoreFormatException>(() => XenstorePacket.Request(XenstoreOperation.Read, 1, 0, "a\0b"));
    }

    private static byte[] Bytes(XenstorePacket packet)
    {
        var writer = new ArrayBufferWriter<byte>();
        packet.WriteTo(writer);
        return writer.WrittenSpan.ToArray();
    }

    private static string Hex(XenstorePacket packet) => Convert.ToHexStringLower(Bytes(packet));
}
