namespace Toolstack.MessageSwitch;

/// <summary>A request of the original switch's protocol (HTTP with JSON).</summary>
internal abstract record CompatRequest
{
    /// <summary>Whether the connection must have logged in.</summary>
    internal virtual bool NeedsLogin => true;
}

internal sealed record LoginRequest(string Token) : CompatRequest
{
    internal override bool NeedsLogin => false;
}

internal sealed record CreateRequest(string Name, bool Transient) : CompatRequest;

internal sealed record DestroyRequest(string Name) : CompatRequest;

internal sealed record AckRequest(string Queue, long Number) : CompatRequest;

internal sealed record ListRequest(string Prefix, bool Alive) : CompatRequest;

/// <summary>Asks for messages with numbers above <paramref name="Cursor"/>, waiting for up to <paramref name="Timeout"/> when there are none.</summary>
internal sealed record TransferRequest(long Cursor, TimeSpan Timeout, IReadOnlyList<string> Queues) : CompatRequest;

/// <summary>The body is the payload, and so for <see cref="SendResponse"/>.</summary>
internal sealed record SendRequest(string Queue, string ReplyTo) : CompatRequest;

internal sealed record SendResponse(string Queue, RequestKey Answered) : CompatRequest;

internal sealed record TraceRequest(long From, TimeSpan Timeout) : CompatRequest
{
    internal override bool NeedsLogin => false;
}

internal sealed record DiagnosticsRequest : CompatRequest
{
    internal override bool NeedsLogin => false;
}

internal sealed record ShutdownRequest : CompatRequest;

/// <summary>A file of the web interface, by its path below the configured directory.</summary>
internal sealed record WebRequest(string Path) : CompatRequest
{
    internal override bool NeedsLogin => false;
}
