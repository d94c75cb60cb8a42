using System.Buffers.Binary;
using System.Text;
using Toolstack.XenSimulator.Devices;
using Xunit;

namespace Toolstack.Tests.Xenstore;

public sealed class ConsoleRingTests
{
    [Fact]
    public void BytesStandWhereTheHeadersSay()
    {
        var page = new byte[4096];
        Assert.Equal(3, ConsoleRing.Write(page, "abc"u8));
        Assert.Equal("abc"u8.ToArray(), page[1024..1027]);
        Assert.Equal(3u, BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(3084)));
        Assert.Equal("abc", Encoding.ASCII.GetString(ConsoleRing.Drain(page)));
        Assert.Equal(3u, BinaryPrimitives.ReadUInt32LittleEndian(page.AsSpan(3080)));
        Assert.Empty(ConsoleRing.Drain(page));
    }

    [Fact]
    public void ItTakesWhatItHasRoomForAndGoesRound()
    {
        var page = new byte[4096];
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(3080), uint.MaxValue - 5);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(3084), uint.MaxValue - 5);
        var text = Enumerable.Range(0, 3000).Select(i => (byte)i).ToArray();
        Assert.Equal(2048, ConsoleRing.Write(page, text));
        Assert.Equal(0, ConsoleRing.Write(page, text));
        Assert.Equal(text[..2048], ConsoleRing.Drain(page));
    }

    [Fact]
    public void SenselessIndicesAreAnEmptyRing()
    {
        var page = new byte[4096];
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(3084), 5000);
        Assert.Empty(ConsoleRing.Drain(page));
    }
}
