using Microsoft.Win32.SafeHandles;
using Toolstack.Interop.Linux;

namespace Toolstack.Hosting.Switch.Wire;

/// <summary>A large payload in a sealed memfd: only its descriptor travels (SCM_RIGHTS), so the switch hands it on without copying it.
/// The owner disposes it; frames already queued on a <see cref="SwitchLink"/> keep the descriptor open until they are sent.</summary>
public sealed class SealedPayload : IDisposable
{
    private SealedPayload(SafeFileHandle handle, int length)
    {
        Handle = handle;
        Length = length;
    }

    /// <summary>The memfd.</summary>
    public SafeFileHandle Handle { get; }

    /// <summary>Bytes of the payload; the memfd may be longer.</summary>
    public int Length { get; }

    /// <summary>Copies <paramref name="bytes"/> into new sealed memory, or gives null when there is none to be had: the payload then travels inline.</summary>
    public static SealedPayload? TryCreate(ReadOnlySpan<byte> bytes)
    {
        try
        {
            return new SealedPayload(SealedMemory.Create("switch-payload", bytes), bytes.Length);
        }
        catch (HypervisorError)
        {
            return null;
        }
    }

    /// <summary>Takes over a descriptor that a peer sent. Raises <see cref="SwitchException"/> (Protocol) when it is not a payload of that length.</summary>
    public static SealedPayload Receive(SafeFileHandle handle, long length)
    {
        if (length is <= SwitchLimits.MaxInlineBytes or > SwitchLimits.MaxPayloadBytes)
        {
            throw new SwitchException(SwitchErrorKind.Protocol, $"a sealed payload of {length} bytes; allowed is more than "
                + $"{SwitchLimits.MaxInlineBytes} (MaxInlineBytes) up to {SwitchLimits.MaxPayloadBytes} (MaxPayloadBytes)");
        }

        if (!SharedMemory.CannotShrink(handle))
        {
            throw new SwitchException(SwitchErrorKind.Protocol, "a descriptor that is not sealed memory");
        }

        return RandomAccess.GetLength(handle) is var size && size >= length
            ? new SealedPayload(handle, (int)length)
            : throw new SwitchException(SwitchErrorKind.Protocol, $"{size} bytes of memory for a payload of {length}");
    }

    /// <summary>A copy of the content.</summary>
    public byte[] Read()
    {
        var bytes = GC.AllocateUninitializedArray<byte>(Length);
        for (var done = 0; done < Length;)
        {
            var count = RandomAccess.Read(Handle, bytes.AsSpan(done), done);
            done += count > 0 ? count : throw new EndOfStreamException("sealed memory that became shorter");
        }

        return bytes;
    }

    /// <summary>The content without a copy: whoever disposes the result must not use its memory any more. The payload itself is used up.
    /// Raises <see cref="HypervisorError"/> when it cannot be mapped.</summary>
    public SealedMapping Map() => new(Handle, Length);

    public void Dispose() => Handle.Dispose();
}
