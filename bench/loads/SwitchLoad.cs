using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Hosting.Switch;

namespace Toolstack.Bench.Loads;

/// <summary>Calls through the switch, one after another and many at once, against a bare ping-pong over a Unix socket: a call crosses
/// four sockets, so a ratio of four is what copying alone would cost.</summary>
internal static class SwitchLoad
{
    private const int Calls = 20_000;
    private const int PayloadBytes = 256;
    private const int AtOnce = 32;
    private const string Queue = "org.xen.xapi.bench";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    internal static async Task RunAsync(string socketPath, TextWriter output, CancellationToken cancellation)
    {
        await using var server = Connect(socketPath, "bench-server");
        await using var client = Connect(socketPath, "bench-client");
        using var serving = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var loop = server.ServeAsync(Queue, (request, _) => ValueTask.FromResult(request.Payload), AtOnce, serving.Token);
        var payload = new byte[PayloadBytes];

        await RepeatAsync(1000, 1);
        var one = await RepeatAsync(Calls, 1);
        var many = await RepeatAsync(Calls, AtOnce);
        var floor = await PingPongAsync(cancellation);
        await output.WriteLineAsync($"switch: {one * 1e6:0} us a call ({1 / one:0} calls/s), {1 / many:0} calls/s with {AtOnce} at once; "
            + $"bare Unix socket {floor * 1e6:0} us, ratio {one / floor:0.0}");

        await serving.CancelAsync();
        try
        {
            await loop;
        }
        catch (OperationCanceledException)
        {
            // Asked for.
        }

        async Task<double> RepeatAsync(int calls, int callers)
        {
            var clock = Stopwatch.StartNew();
            await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => Task.Run(async () =>
            {
                for (var call = 0; call < calls / callers; call++)
                {
                    await client.CallAsync(Queue, payload, Deadline, retrySafe: false, cancellation);
                }
            })));
            return clock.Elapsed.TotalSeconds / calls;
        }
    }

    private static SwitchConnection Connect(string path, string name)
    {
        var connection = new SwitchConnection(new SwitchOptions(path, name), NullLogger.Instance);
        connection.Start();
        return connection;
    }

    private static async Task<double> PingPongAsync(CancellationToken cancellation)
    {
        var path = Path.Combine(Path.GetTempPath(), $"bench-{Environment.ProcessId}.sock");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using var near = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await near.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
        using var far = await listener.AcceptAsync(cancellation);
        File.Delete(path);

        var buffer = new byte[PayloadBytes];
        var echo = Task.Run(async () =>
        {
            var own = new byte[PayloadBytes];
            for (var call = 0; call < Calls; call++)
            {
                await ReceiveAllAsync(far, own);
                await far.SendAsync(own, cancellation);
            }
        }, cancellation);
        var clock = Stopwatch.StartNew();
        for (var call = 0; call < Calls; call++)
        {
            await near.SendAsync(buffer, cancellation);
            await ReceiveAllAsync(near, buffer);
        }

        var seconds = clock.Elapsed.TotalSeconds / Calls;
        await echo;
        return seconds;

        async Task ReceiveAllAsync(Socket socket, byte[] into)
        {
            for (var have = 0; have < into.Length;)
            {
                have += await socket.ReceiveAsync(into.AsMemory(have), cancellation);
            }
        }
    }
}
