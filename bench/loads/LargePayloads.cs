using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting.Switch;

namespace Toolstack.Bench.Loads;

/// <summary>Payloads of 1 MiB that a caller gives to a handler, which looks at every byte: in sealed memory, of which only the descriptor passes
/// the switch, beside the same copied through the sockets and the switch.</summary>
internal static class LargePayloads
{
    private const string Queue = "org.xen.xapi.bench.large";
    private const int Bytes = 1024 * 1024;
    private const int Calls = 400;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    internal static async Task RunAsync(string path, TextWriter output, CancellationToken cancellation)
    {
        // In turns, so that whatever else the machine does falls on both.
        var (handedOver, copied) = (0.0, 0.0);
        const int rounds = 4;
        for (var round = 0; round < rounds; round++)
        {
            handedOver += await SecondsAsync(path, sealedPayloads: true, cancellation);
            copied += await SecondsAsync(path, sealedPayloads: false, cancellation);
        }

        var mib = (double)rounds * Calls * Bytes / (1024 * 1024);
        await output.WriteLineAsync($"switch, 1 MiB payloads: in sealed memory {mib / handedOver:0} MiB/s, copied through the socket {mib / copied:0} MiB/s, "
            + $"ratio {copied / handedOver:0.0}");
    }

    private static async Task<double> SecondsAsync(string path, bool sealedPayloads, CancellationToken cancellation)
    {
        await using var server = Connect(path, "bench-large-server", sealedPayloads);
        await using var client = Connect(path, "bench-large-client", sealedPayloads);
        using var serving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var loop = server.ServeAsync(Queue, Look, 1, serving.Token);
        var payload = new byte[Bytes];
        Array.Fill(payload, (byte)'x');
        for (var warm = 0; warm < 20; warm++)
        {
            await CallAsync();
        }

        var clock = Stopwatch.StartNew();
        for (var call = 0; call < Calls; call++)
        {
            await CallAsync();
        }

        var seconds = clock.Elapsed.TotalSeconds;
        await serving.CancelAsync();
        await loop;
        return seconds;

        async Task CallAsync()
        {
            var reply = await client.CallAsync(Queue, payload, Deadline, retrySafe: false, cancellation);
            if (reply.Span[0] != 1)
            {
                throw new InvalidOperationException("the payload came damaged");
            }
        }
    }

    /// <summary>1 when all bytes are what was sent.</summary>
    private static ValueTask<ReadOnlyMemory<byte>> Look(SwitchRequest request, CancellationToken cancel) =>
        ValueTask.FromResult<ReadOnlyMemory<byte>>(new[] { request.Payload.Span.ContainsAnyExcept((byte)'x') ? (byte)0 : (byte)1 });

    private static SwitchConnection Connect(string path, string name, bool sealedPayloads)
    {
        var connection = new SwitchConnection(new SwitchOptions(path, name) { SealedPayloads = sealedPayloads }, NullLogger.Instance);
        connection.Start();
        return connection;
    }
}
