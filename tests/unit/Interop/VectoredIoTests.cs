using Toolstack.Interop.Linux;
using Xunit;

namespace Toolstack.Tests.Interop;

public class VectoredIoTests
{
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(10);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(VectoredIo.MaxVectors + 300)]
    public async Task Many_runs_arrive_in_order_through_a_small_socket_buffer(int runs)
    {
        var (a, b) = SocketPairs.Tcp();
        using (a)
        using (b)
        {
            a.SendBufferSize = 8192;
            using var source = SharedMemory.Create("source", runs * 2L * SharedMemory.PageSize);
            using var target = SharedMemory.Create("target", source.Length);
            new Random(runs).NextBytes(source.Bytes(0, (int)source.Length));
            var writer = Task.Run(() =>
            {
                using var io = new VectoredIo(a, Silence);
                io.Write(EveryOtherPage(source, runs));
                Assert.Equal(runs * (long)SharedMemory.PageSize, io.Bytes);
            });
            using (var io = new VectoredIo(b, Silence))
            {
                io.Read(EveryOtherPage(target, runs));
            }

            await writer;
            for (var i = 0; i < runs * 2; i++)
            {
                var expected = i % 2 == 0 ? source.Bytes(i * 4096L, 4096).ToArray() : new byte[4096];
                Assert.True(expected.AsSpan().SequenceEqual(target.Bytes(i * 4096L, 4096)));
            }
        }
    }

    [Fact]
    public void A_silent_peer_is_a_timeout()
    {
        var (a, b) = SocketPairs.Tcp();
        using (a)
        using (b)
        {
            using var io = new VectoredIo(b, TimeSpan.FromMilliseconds(20));
            var error = Assert.Throws<HypervisorError>(() => io.Read(new byte[8]));
            Assert.Equal(Tmds.Linux.LibC.ETIMEDOUT, error.Errno);
        }
    }

    [Fact]
    public void A_closed_peer_is_the_end_of_the_stream()
    {
        var (a, b) = SocketPairs.Tcp();
        using (b)
        {
            a.Send(new byte[3]);
            a.Dispose();
            using var io = new VectoredIo(b, Silence);
            Assert.Throws<EndOfStreamException>(() => io.Read(new byte[8]));
        }
    }

    [Fact]
    public void The_mode_of_the_socket_comes_back()
    {
        var (a, b) = SocketPairs.Tcp();
        using (a)
        using (b)
        {
            b.Blocking = false;
            new VectoredIo(b, Silence).Dispose();
            Assert.Throws<System.Net.Sockets.SocketException>(() => b.Receive(new byte[1]));
        }
    }

    private static unsafe IoVector[] EveryOtherPage(SharedMemory memory, int runs)
    {
        var vectors = new IoVector[runs];
        for (var i = 0; i < runs; i++)
        {
            vectors[i] = new IoVector(memory.Pointer + (i * 8192L), 4096);
        }

        return vectors;
    }
}
