using Toolstack.Interop.Linux;
using Xunit;

namespace Toolstack.Tests.Interop;

public class SharedMemoryTests
{
    [Fact]
    public void Fresh_memory_is_zero_and_keeps_what_is_written()
    {
        using var memory = SharedMemory.Create("test-memory", 64 * SharedMemory.PageSize);
        Assert.Equal(-1, memory.Bytes(0, 64 * SharedMemory.PageSize).IndexOfAnyExcept((byte)0));
        memory.Bytes(5000, 4).Fill(7);
        Assert.Equal(new byte[] { 0, 7, 7, 7, 7, 0 }, memory.Bytes(4999, 6).ToArray());
    }

    [Fact]
    public void Ranges_outside_the_mapping_are_refused()
    {
        using var memory = SharedMemory.Create("test-memory", SharedMemory.PageSize);
        Assert.Throws<ArgumentOutOfRangeException>(() => { memory.Bytes(SharedMemory.PageSize - 1, 2); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { memory.Bytes(-1, 1); });
        Assert.Throws<ArgumentOutOfRangeException>(() => { memory.Bytes(long.MaxValue, 1); });
    }

    [Fact]
    public void Next_data_skips_what_was_never_written()
    {
        using var memory = SharedMemory.Create("test-memory", 1024 * SharedMemory.PageSize);
        Assert.Equal(memory.Length, memory.NextData(0));
        memory.Bytes(600 * SharedMemory.PageSize, 1)[0] = 1;
        Assert.InRange(memory.NextData(0), 1, 600 * SharedMemory.PageSize);
        Assert.Equal(600 * SharedMemory.PageSize, memory.NextData(600 * SharedMemory.PageSize));
    }

    [Fact]
    public void The_size_cannot_be_changed_and_sealed_content_cannot_be_written()
    {
        using var memory = SharedMemory.Create("test-memory", SharedMemory.PageSize);
        memory.Bytes(0, 1)[0] = 42;
        Assert.ThrowsAny<Exception>(() => RandomAccess.SetLength(memory.Handle, 0));
        memory.SealContent();
        Assert.Equal(42, memory.Bytes(0, 1)[0]);
        Assert.ThrowsAny<Exception>(() => RandomAccess.Write(memory.Handle, new byte[] { 1 }, 0));
    }

    [Fact]
    public void Use_after_dispose_is_an_exception()
    {
        var memory = SharedMemory.Create("test-memory", SharedMemory.PageSize);
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => { memory.Bytes(0, 1); });
    }
}
