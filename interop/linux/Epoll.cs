using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Toolstack.Interop.Linux;

/// <summary>What a descriptor is ready for, or is to be watched for (epoll(7)); errors and hang-ups are always watched for.</summary>
[Flags]
public enum Readiness
{
    /// <summary>Nothing but its end.</summary>
    None = 0,

    /// <summary>Data, or the end of the stream.</summary>
    Read = 0x1,

    /// <summary>Room to send.</summary>
    Write = 0x4,

    /// <summary>It failed.</summary>
    Error = 0x8,

    /// <summary>Both directions are shut down.</summary>
    HangUp = 0x10,
}

/// <summary>A set of descriptors and what they are ready for (epoll(7), level-triggered). Descriptors are told apart by a key of the caller's,
/// which should never be used again: an event may be on its way when its descriptor leaves. Any thread may add, change and remove while
/// another waits. Raises <see cref="HypervisorError"/>.</summary>
public sealed unsafe class Epoll : IDisposable
{
    private const int CloseOnExec = 0x80000; // EPOLL_CLOEXEC
    private const int AddOne = 1; // EPOLL_CTL_ADD, _DEL and _MOD
    private const int RemoveOne = 2;
    private const int ChangeOne = 3;
    private const int MaxEvents = 64;
    private const int Once = 1 << 30; // EPOLLONESHOT

    private readonly SafeFileHandle poll;

    public Epoll()
    {
        var descriptor = epoll_create1(CloseOnExec);
        poll = descriptor >= 0 ? new SafeFileHandle(descriptor, ownsHandle: true) : throw HypervisorError.Last("epoll_create1");
    }

    /// <summary>Watches a descriptor; the caller keeps it open until <see cref="Remove"/>.</summary>
    public void Add(SafeHandle handle, long key, Readiness wanted) => Control(AddOne, handle, key, wanted);

    /// <summary>Watches it for something else.</summary>
    public void Change(SafeHandle handle, long key, Readiness wanted) => Control(ChangeOne, handle, key, wanted);

    /// <summary>Watches a descriptor for one event, told to one of the threads that wait; <see cref="Again"/> watches it for the next.</summary>
    public void AddOnce(SafeHandle handle, long key, Readiness wanted) => Control(AddOne, handle, key, wanted, Once);

    /// <summary>Watches a descriptor of <see cref="AddOnce"/> for one event more.</summary>
    public void Again(SafeHandle handle, long key, Readiness wanted) => Control(ChangeOne, handle, key, wanted, Once);

    /// <summary>Watches it no more.</summary>
    public void Remove(SafeHandle handle) => Control(RemoveOne, handle, 0, Readiness.None);

    /// <summary>Waits, without a limit, until a descriptor is ready, and adds every one that is to <paramref name="ready"/>.</summary>
    public void Wait(List<(long Key, Readiness Ready)> ready)
    {
        ArgumentNullException.ThrowIfNull(ready);
        var events = stackalloc epoll_event[MaxEvents];
        int count;

        // SAFETY: the kernel writes at most MaxEvents entries into this frame, and only the count it gives back is read.
        while ((count = epoll_wait((int)poll.DangerousGetHandle(), events, MaxEvents, -1)) < 0)
        {
            if (errno != EINTR)
            {
                throw HypervisorError.Last("epoll_wait");
            }
        }

        for (var index = 0; index < count; index++)
        {
            ready.Add(((long)events[index].data.u64, (Readiness)(int)events[index].events));
        }
    }

    /// <summary>Waits, without a limit, for one descriptor that is ready, so that the next one that is can go to another thread.</summary>
    public (long Key, Readiness Ready) WaitOne()
    {
        epoll_event ready;

        // SAFETY: the kernel writes at most one entry into this frame, and it is read only when it says so.
        while (epoll_wait((int)poll.DangerousGetHandle(), &ready, 1, -1) < 0)
        {
            if (errno != EINTR)
            {
                throw HypervisorError.Last("epoll_wait");
            }
        }

        return ((long)ready.data.u64, (Readiness)(int)ready.events);
    }

    public void Dispose() => poll.Dispose();

    private void Control(int operation, SafeHandle handle, long key, Readiness wanted, int flags = 0)
    {
        ArgumentNullException.ThrowIfNull(handle);
        epoll_event watched = default;
        watched.events = (int)wanted | flags;
        watched.data.u64 = (ulong)key;

        // SAFETY: the kernel copies the event from this frame; both descriptors are held open by their owners.
        if (epoll_ctl((int)poll.DangerousGetHandle(), operation, (int)handle.DangerousGetHandle(), &watched) < 0)
        {
            throw HypervisorError.Last("epoll_ctl");
        }
    }
}
