using Microsoft.Win32.SafeHandles;

namespace Toolstack.Hosting.Switch.Wire;

/// <summary>Bytes that a socket did not take yet, with the descriptors that belong to some of them. Used under the link's gate; empty, it holds
/// no memory worth mentioning.</summary>
internal sealed class SendBuffer
{
    private const int IdleBytes = 4096;

    private readonly Queue<(long Position, SafeFileHandle Handle)> descriptors = new();
    private byte[] bytes = [];
    private int start;
    private int end;
    private long sent;

    internal int Length => end - start;

    /// <summary>Adds bytes; a descriptor, which is kept open meanwhile, goes with the first of them.</summary>
    internal void Add(ReadOnlySpan<byte> more, SafeFileHandle? descriptor)
    {
        if (descriptor is not null)
        {
            var added = false;
            descriptor.DangerousAddRef(ref added);
            descriptors.Enqueue((sent + Length, descriptor));
        }

        MakeRoom(more.Length);
        more.CopyTo(bytes.AsSpan(end));
        end += more.Length;
    }

    /// <summary>What can go in one system call: bytes, with the descriptor of the first of them if it has one.</summary>
    internal ReadOnlySpan<byte> Next(out SafeFileHandle? descriptor)
    {
        descriptor = null;
        var all = bytes.AsSpan(start, Length);
        if (!descriptors.TryPeek(out var next))
        {
            return all;
        }

        if (next.Position > sent)
        {
            return all[..(int)Math.Min(all.Length, next.Position - sent)];
        }

        // The next descriptor belongs to a later frame and must not come with this one.
        descriptor = next.Handle;
        var following = descriptors.Skip(1).Select(static later => later.Position).FirstOrDefault(long.MaxValue);
        return all[..(int)Math.Min(all.Length, following - sent)];
    }

    /// <summary>So many bytes of <see cref="Next"/> are gone, and its descriptor with the first.</summary>
    internal void Sent(int count)
    {
        if (count > 0 && descriptors.TryPeek(out var first) && first.Position == sent)
        {
            descriptors.Dequeue().Handle.DangerousRelease();
        }

        start += count;
        sent += count;
        if (start == end)
        {
            (start, end) = (0, 0);
            bytes = bytes.Length > IdleBytes ? [] : bytes;
        }
    }

    /// <summary>Gives everything up.</summary>
    internal void Clear()
    {
        while (descriptors.TryDequeue(out var unsent))
        {
            unsent.Handle.DangerousRelease();
        }

        (bytes, start, end) = ([], 0, 0);
    }

    private void MakeRoom(int more)
    {
        if (bytes.Length - end >= more)
        {
            return;
        }

        // Moves down what is left, into a larger array if it would fill more than half of this one.
        var target = (Length + more) * 2L > bytes.Length ? new byte[Math.Max(IdleBytes, (Length + more) * 2L)] : bytes;
        bytes.AsSpan(start, Length).CopyTo(target);
        (bytes, end, start) = (target, Length, 0);
    }
}
