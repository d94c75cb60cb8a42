namespace Toolstack.Idl;

/// <summary>Bytes that are no document of the encoding they are read as (XML-RPC, JSON, MessagePack), or that pass one of <see cref="WireLimits"/>.</summary>
public sealed class WireFormatException(string problem, long offset, Exception? inner = null) : Exception($"{problem} at byte {offset}", inner)
{
    /// <summary>What is wrong, without the place.</summary>
    public string Problem { get; } = problem;

    /// <summary>Where reading stopped, in bytes from the start of the document.</summary>
    public long Offset { get; } = offset;
}
