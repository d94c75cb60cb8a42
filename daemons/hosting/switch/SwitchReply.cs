using Toolstack.Hosting.Switch.Wire;
using Toolstack.Interop.Linux;

namespace Toolstack.Hosting.Switch;

/// <summary>A reply that was not copied: a large one is the sealed memory of its sender, mapped. <see cref="Payload"/> is valid until it is disposed.</summary>
public sealed class SwitchReply : IDisposable
{
    private readonly SealedMapping? mapping;

    internal SwitchReply(SwitchPayload payload)
    {
        mapping = payload.Sealed?.Map();
        Payload = mapping?.Memory ?? payload.Bytes;
    }

    /// <summary>The bytes.</summary>
    public ReadOnlyMemory<byte> Payload { get; }

    public void Dispose() => ((IDisposable?)mapping)?.Dispose();
}
