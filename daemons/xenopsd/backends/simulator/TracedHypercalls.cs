using Toolstack.Hosting;
using Toolstack.Idl;
using Toolstack.Idl.Queue;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>A span for each hypercall to the simulated host, while anybody wants spans.</summary>
internal sealed class TracedHypercalls(IQueueTransport inner) : IQueueTransport
{
    public ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> request, bool retrySafe, CancellationToken cancellation) =>
        Spans.On ? TracedAsync(request, retrySafe, cancellation) : inner.CallAsync(request, retrySafe, cancellation);

    private async ValueTask<ReadOnlyMemory<byte>> TracedAsync(ReadOnlyMemory<byte> request, bool retrySafe, CancellationToken cancellation)
    {
        using var span = Spans.Call("hypercall", QueueRequest.MethodOf(request));
        return await inner.CallAsync(request, retrySafe, cancellation).ConfigureAwait(false);
    }
}
