namespace Toolstack.Hosting.Switch;

/// <summary>A request as a consumer receives it. <see cref="Payload"/> is valid until the handler's task ends (a large
/// one is the sender's sealed memory, mapped); a result may be a piece of it.
/// <see cref="Redelivered"/>: it was delivered before to a consumer that died without acknowledging it, so it may have run already.
/// <see cref="Deadline"/>: how long the caller still waits, as known when the request was delivered.</summary>
public sealed record SwitchRequest(string Queue, ReadOnlyMemory<byte> Payload, bool Redelivered, TimeSpan Deadline)
{
    /// <summary>The caller's place in a distributed trace (a W3C traceparent), or empty.</summary>
    public string TraceContext { get; init; } = "";
}
