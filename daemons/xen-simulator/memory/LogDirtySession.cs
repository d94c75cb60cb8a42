using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Toolstack.Interop.Linux;

namespace Toolstack.XenSimulator.Memory;

/// <summary>Log-dirty mode as one connection has asked for it: bitmaps are handed over in memory that the client maps. It ends with
/// the connection, so that a client that dies leaves no domain in log-dirty mode.</summary>
internal sealed class LogDirtySession : IDisposable
{
    private readonly GuestMemory memory;
    private readonly SharedMemory bitmap;
    private readonly int words;

    public LogDirtySession(int domid, GuestMemory memory)
    {
        this.memory = memory;
        words = (int)((memory.PageCount + 63) / 64);
        var bytes = (words * sizeof(ulong) + GuestMemory.PageSize - 1) / GuestMemory.PageSize * GuestMemory.PageSize;
        bitmap = SharedMemory.Create($"log-dirty-{domid}", bytes);
        memory.EnableLogDirty();
    }

    public SafeFileHandle Handle => bitmap.Handle;

    public long Length => bitmap.Length;

    public GuestMemory Memory => memory;

    public long Clean() => memory.CleanLogDirty(MemoryMarshal.Cast<byte, ulong>(bitmap.Bytes(0, words * sizeof(ulong))));

    public void Dispose()
    {
        memory.DisableLogDirty();
        bitmap.Dispose();
    }
}
