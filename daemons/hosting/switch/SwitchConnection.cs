using Microsoft.Extensions.Logging;

namespace Toolstack.Hosting.Switch;

/// <summary>A client's one connection to the switch (interface only, the protocol follows).</summary>
public sealed class SwitchConnection(SwitchOptions options, ILogger logger) : IAsyncDisposable
{
    public void Start() => throw NotYet();

    public bool IsConnected => options.Path.Length == 0;

    public Task WaitConnectedAsync(CancellationToken cancel) => throw NotYet();

    public Task<ReadOnlyMemory<byte>> CallAsync(
        string queue, ReadOnlyMemory<byte> request, TimeSpan deadline, bool retrySafe, CancellationToken cancel) => throw NotYet();

    public Task ServeAsync(string queue, Func<SwitchRequest, CancellationToken, ValueTask<ReadOnlyMemory<byte>>> handler,
        int concurrency, CancellationToken cancel) => throw NotYet();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private SwitchException NotYet() => new(SwitchErrorKind.NotConnected, $"{options.Path}: not implemented yet {logger}");
}
