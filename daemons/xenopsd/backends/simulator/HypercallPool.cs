using System.Collections.Concurrent;
using Tmds.Linux;
using Toolstack.Idl;
using Toolstack.Interop.Linux;
using Toolstack.XenSimulator.Contract;

namespace Toolstack.Xenopsd.Backends.Simulator;

/// <summary>
/// Connections to a simulated host: each call takes an idle one or opens another, up to <see cref="HypercallLimits.MaxClientConnections"/>.
/// A connection that failed is thrown away; a call that may be repeated is then made once more on a new one, so that a client survives
/// a restart of the simulator. Raises <see cref="HypervisorError"/>.
/// </summary>
internal sealed class HypercallPool(string path) : IQueueTransport, IDisposable
{
    private readonly ConcurrentBag<HypercallConnection> idle = [];
    private readonly SemaphoreSlim places = new(HypercallLimits.MaxClientConnections, HypercallLimits.MaxClientConnections);

    public string Path => path;

    public ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> request, bool retrySafe, CancellationToken cancellation) =>
        CallAsync(request, retrySafe, HypercallLimits.CallDeadline, cancellation);

    /// <summary>The same connections for calls whose answer may take that long.</summary>
    public IQueueTransport Within(TimeSpan deadline) => new Patient(this, deadline);

    private async ValueTask<ReadOnlyMemory<byte>> CallAsync(
        ReadOnlyMemory<byte> request, bool retrySafe, TimeSpan deadline, CancellationToken cancellation)
    {
        await places.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            try
            {
                return await OnceAsync(request, retrySafe, deadline, cancellation).ConfigureAwait(false);
            }
            catch (HypervisorError error) when (retrySafe && error.Errno == LibC.ENOTCONN)
            {
                return await OnceAsync(request, retrySafe, deadline, cancellation).ConfigureAwait(false);
            }
        }
        finally
        {
            places.Release();
        }
    }

    public void Dispose()
    {
        while (idle.TryTake(out var connection))
        {
            connection.Dispose();
        }

        places.Dispose();
    }

    private async ValueTask<ReadOnlyMemory<byte>> OnceAsync(
        ReadOnlyMemory<byte> request, bool retrySafe, TimeSpan deadline, CancellationToken cancellation)
    {
        if (!idle.TryTake(out var connection))
        {
            connection = HypercallConnection.Open(path);
        }

        try
        {
            connection.Deadline = deadline;
            return await connection.CallAsync(request, retrySafe, cancellation).ConfigureAwait(false);
        }
        finally
        {
            if (connection.Usable)
            {
                idle.Add(connection);
            }
            else
            {
                connection.Dispose();

                // What broke it broke the others too.
                while (idle.TryTake(out var other))
                {
                    other.Dispose();
                }
            }
        }
    }

    private sealed class Patient(HypercallPool pool, TimeSpan deadline) : IQueueTransport
    {
        public ValueTask<ReadOnlyMemory<byte>> CallAsync(ReadOnlyMemory<byte> request, bool retrySafe, CancellationToken cancellation) =>
            pool.CallAsync(request, retrySafe, deadline, cancellation);
    }
}
