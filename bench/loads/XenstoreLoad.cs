using System.Diagnostics;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Toolstack.Interop.Xen.Xenstore;
using Toolstack.XenSimulator.Xenstore;

namespace Toolstack.Bench.Loads;

/// <summary>The xenstore client against the simulated host's server over a Unix socket, beside a floor of the same run: messages of the
/// same size back and forth on a Unix socket, with nothing else done. Client and server are in this process.</summary>
internal static class XenstoreLoad
{
    private const int Calls = 20_000;
    private const int Transactions = 300;
    private const int Writes = 100;
    private const int Guests = 1000;
    private const int MessageBytes = 40;

    internal static async Task RunAsync(TextWriter output, CancellationToken cancellation)
    {
        var directory = Directory.CreateTempSubdirectory("bench-").FullName;
        await using var server = new XenstoreServer(NullLogger.Instance);
        var path = Path.Combine(directory, "xenstore");
        server.Listen(path);
        await using (var client = await XenstoreClient.ConnectAsync(path, null, cancellation))
        {
            await client.WriteAsync("/bench/value", "some value", cancellation);
            await PingPongAsync(Path.Combine(directory, "floor"), Calls / 10, cancellation);
            await RoundTripsAsync(client, Calls / 10, 1, cancellation);
            var floor = await PingPongAsync(Path.Combine(directory, "floor"), Calls, cancellation);
            var alone = await RoundTripsAsync(client, Calls, 1, cancellation);
            var many = await RoundTripsAsync(client, Calls * 4, 64, cancellation);
            await output.WriteLineAsync(
                $"xenstore: reads one at a time {alone:0}/s, floor {floor:0}/s, ratio {alone / floor:0.00}; 64 at once {many:0}/s");
            var perSecond = await TransactionsAsync(client, cancellation);
            await output.WriteLineAsync($"xenstore: transactions of {Writes} writes {perSecond:0}/s, {perSecond * Writes:0} writes/s");
        }

        await output.WriteLineAsync($"xenstore: {Guests} guests connected take {await GuestBytesAsync(server, cancellation) / 1024.0:0.0} KiB each");
        Directory.Delete(directory, recursive: true);
    }

    private static async Task<double> RoundTripsAsync(XenstoreClient client, int calls, int callers, CancellationToken cancellation)
    {
        var clock = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, callers).Select(async _ =>
        {
            for (var i = 0; i < calls / callers; i++)
            {
                await client.ReadAsync("/bench/value", cancellation);
            }
        }));
        return calls / clock.Elapsed.TotalSeconds;
    }

    private static async Task<double> TransactionsAsync(XenstoreClient client, CancellationToken cancellation)
    {
        var paths = Enumerable.Range(0, Writes).Select(i => $"/bench/transaction/{i}").ToList();
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < Transactions; i++)
        {
            await client.TransactionAsync(transaction =>
            {
                foreach (var path in paths)
                {
                    transaction.Write(path, "value");
                }

                return Task.CompletedTask;
            }, cancellation);
        }

        return Transactions / clock.Elapsed.TotalSeconds;
    }

    private static async Task<double> GuestBytesAsync(XenstoreServer server, CancellationToken cancellation)
    {
        await using var dom0 = XenstoreClient.Attach(server.Connect(), "domain 0");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        List<XenstoreClient> guests = [];
        for (var domid = 1; domid <= Guests; domid++)
        {
            await dom0.IntroduceAsync(domid, 1, 1, cancellation);
            guests.Add(XenstoreClient.Attach(server.ConnectGuest(domid), $"domain {domid}"));
        }

        await Task.WhenAll(guests.Select(guest => guest.WatchAsync("control/shutdown", cancellation)));
        var after = GC.GetTotalMemory(forceFullCollection: true);
        foreach (var guest in guests)
        {
            await guest.DisposeAsync();
        }

        return (after - before) / (double)Guests;
    }

    private static async Task<double> PingPongAsync(string path, int calls, CancellationToken cancellation)
    {
        File.Delete(path);
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        using var near = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await near.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellation);
        using var far = await listener.AcceptAsync(cancellation);
        var echo = Task.Run(async () =>
        {
            var buffer = new byte[MessageBytes];
            for (var count = await far.ReceiveAsync(buffer, cancellation); count > 0; count = await far.ReceiveAsync(buffer, cancellation))
            {
                await far.SendAsync(buffer.AsMemory(0, count), cancellation);
            }
        }, cancellation);
        var message = new byte[MessageBytes];
        var clock = Stopwatch.StartNew();
        for (var i = 0; i < calls; i++)
        {
            await near.SendAsync(message, cancellation);
            for (var received = 0; received < MessageBytes;)
            {
                received += await near.ReceiveAsync(message, cancellation);
            }
        }

        var rate = calls / clock.Elapsed.TotalSeconds;
        near.Shutdown(SocketShutdown.Both);
        await echo;
        return rate;
    }
}
