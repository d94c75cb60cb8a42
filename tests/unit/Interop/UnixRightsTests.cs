using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Toolstack.Interop.Linux;
using Xunit;

namespace Toolstack.Tests.Interop;

public class UnixRightsTests
{
    [Fact]
    public void A_sealed_memfd_travels_with_its_bytes()
    {
        var (a, b) = SocketPairs.Unix();
        using (a)
        using (b)
        {
            using var memory = SharedMemory.Create("payload", 2 * SharedMemory.PageSize);
            memory.Bytes(100, 5).Fill(9);
            memory.SealContent();
            UnixRights.Send(a, "hello"u8, new SafeHandle[] { memory.Handle });

            List<SafeFileHandle> received = [];
            var data = new byte[64];
            Assert.Equal(5, UnixRights.Receive(b, data, received));
            Assert.Equal("hello"u8.ToArray(), data[..5]);
            using var mapped = SharedMemory.OpenSealed(Assert.Single(received), 2 * SharedMemory.PageSize);
            Assert.Equal(new byte[] { 0, 9, 9, 9, 9, 9, 0 }, mapped.Bytes(99, 7).ToArray());
        }
    }

    [Fact]
    public void Plain_bytes_carry_no_descriptor_and_the_end_is_zero()
    {
        var (a, b) = SocketPairs.Unix();
        using (b)
        {
            UnixRights.Send(a, "x"u8, []);
            a.Dispose();
            List<SafeFileHandle> received = [];
            Assert.Equal(1, UnixRights.Receive(b, new byte[8], received));
            Assert.Equal(0, UnixRights.Receive(b, new byte[8], received));
            Assert.Empty(received);
        }
    }

    [Fact]
    public void More_descriptors_than_the_bound_are_refused()
    {
        var (a, b) = SocketPairs.Unix();
        using (a)
        using (b)
        {
            using var memory = SharedMemory.Create("payload", SharedMemory.PageSize);
            var many = Enumerable.Repeat<SafeHandle>(memory.Handle, UnixRights.MaxDescriptors + 1).ToArray();
            Assert.Throws<ArgumentOutOfRangeException>(() => UnixRights.Send(a, "x"u8, many));
        }
    }

    [Fact]
    public void An_unsealed_memfd_is_not_mapped()
    {
        var path = Path.GetTempFileName();
        try
        {
            var handle = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite);
            using (handle)
            {
                Assert.Throws<HypervisorError>(() => SharedMemory.OpenSealed(handle, SharedMemory.PageSize));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public async Task A_socket_in_non_blocking_mode_is_waited_for()
    {
        var (a, b) = SocketPairs.Unix();
        using (a)
        using (b)
        {
            b.Blocking = false;
            var sender = Task.Run(() =>
            {
                Thread.Sleep(20);
                UnixRights.Send(a, "later"u8, []);
            });
            Assert.Equal(5, UnixRights.Receive(b, new byte[8], []));
            await sender;
        }
    }
}
